import Logging
import Relier

/// Every setting there is. Errors, warnings and `docs/configuration.md` are made from this table.
enum SettingsTable {
    static let url = Setting<EngineURL>(
        name: "URL", group: "Engine", type: "URL", allowed: EngineURL.allowed, defaultText: "sqlite:relier.db",
        help: "Where tasks live. A relative path is taken from the working directory.", parse: { try? EngineURL($0) })
    static let durability = Setting<Durability>.choice(
        "SQLITE_DURABILITY", "Engine", default: .durable,
        "`durable`: a push is on disk when it returns. `relaxed`: a power cut may lose the last moments, a crash of a process loses nothing."
    )
    static let file = Setting<FileUse>.choice(
        "SQLITE_FILE", "Engine", default: .own,
        "`shared`: Relier's tables may be made in a file that holds another program's tables. A file that Relier made takes in others' tables anyway."
    )
    static let transactionLimit = Setting<Duration>.duration(
        "SQLITE_TRANSACTION_LIMIT", "Engine", .milliseconds(10) ... .minutes(10), default: "5",
        "How long a closure of `context.commit` may hold its transaction. A worker process that one still holds at twice this time is left."
    )
    static let maxPayloadBytes = Setting<Int>.integer(
        "MAX_PAYLOAD_BYTES", "Engine", 1...1 << 30, default: 1 << 20,
        "The largest arguments that a push accepts and a worker runs, in bytes of JSON.")

    static let concurrency = Setting<Int>.integer(
        "CONCURRENCY", "Worker", 1...10_000, default: 10, "How many tasks one worker process runs at once.")
    static let processes = Setting<Int>.integer("PROCESSES", "Worker", 1...1000, default: 1, "How many worker processes.")
    static let queues = Setting<[WeightedQueue]>(
        name: "QUEUES", group: "Worker", type: "list",
        allowed: "queue names with commas between, each with a weight if need be: high=3,default",
        defaultText: "default", help: "The queues that are served. A weight (1 to 1000) is a queue's share while the others have work too.",
        parse: parseQueues)
    static let workerName = Setting<String>.text(
        "WORKER_NAME", "Worker", default: "worker@%h", allowed: "a label, such as fast@%h",
        "The worker's label for people; `%h` becomes the host's name, `%p` the process id.")
    static let grace = Setting<Duration>.duration(
        "GRACEFUL_SHUTDOWN_TIMEOUT", "Worker", .zero ... .days(1), default: "25",
        "How long a stopping worker lets tasks finish before it hands them over.")
    static let stuckGrace = Setting<Duration>.duration(
        "STUCK_GRACE", "Worker", .milliseconds(100) ... .hours(1), default: "5",
        "How long a body may go on after its timeout or cancellation before it counts as stuck and its slot is given back.")
    static let maxStuckPercent = Setting<Int>.integer(
        "MAX_STUCK_PERCENT", "Worker", 0...100, default: 50,
        "With stuck bodies for more than this share of the slots, the worker drains and its process is replaced.")
    static let softTimeout = Setting<Duration>.duration(
        "SOFT_TIMEOUT", "Worker", .milliseconds(1) ... .days(365), default: nil,
        "Soft timeout of asynchronous tasks that set none; less than the hard one.")
    static let hardTimeout = Setting<Duration>.duration(
        "HARD_TIMEOUT", "Worker", .milliseconds(1) ... .days(365), default: nil, "Hard timeout of asynchronous tasks that set none.")
    static let resultMaxBytes = Setting<Int>.integer(
        "RESULT_MAX_BYTES", "Worker", 1...1 << 30, default: 1 << 20,
        "The largest result, in bytes of JSON. A task with a larger one goes to the dead letter queue.")
    static let logLevel = Setting<Logger.Level>.choice(
        "LOG_LEVEL", "Worker", default: .info, "The least important level that is logged, to standard error.")

    static let lease = Setting<Duration>.duration(
        "HEARTBEAT_TTL", "Recovery", .milliseconds(500) ... .hours(1), default: "5",
        "A worker's lease: how long it may be silent before its tasks are given to others. A death that its supervisor sees does not wait for it."
    )
    static let maxResurrections = Setting<Int>.integer(
        "MAX_RESURRECTIONS", "Recovery", 1...10_000, default: 5,
        "How many workers in a row a task may lose while it runs alone, without progress, before it goes to the dead letter queue.")
    static let checkInterval = Setting<Duration>.duration(
        "RESURRECTION_CHECK_INTERVAL", "Recovery", .milliseconds(50) ... .hours(1), default: "0.5", "The longest pause between two sweeps.")
    static let batchSize = Setting<Int>.integer(
        "RESURRECTION_BATCH_SIZE", "Recovery", 1...100_000, default: 1000, "How many tasks one sweep recovers at most.")
    static let maxQueueDepth = Setting<Int>.integer(
        "RESURRECTION_MAX_QUEUE_DEPTH", "Recovery", 1...10_000_000, default: 10_000,
        "Sweeps pause while so many recovered tasks wait to run.")
    static let rate = Setting<Int>.integer(
        "RESURRECTION_RATE", "Recovery", 1...1_000_000, default: nil, "How many tasks a second are recovered at most. Unlimited unless set."
    )

    static let catchUp = Setting<Duration>.duration(
        "SCHEDULE_CATCHUP", "Schedules", .zero ... .days(365), default: "1h",
        "How old a missed tick of a schedule may be to be made up for, for schedules that do not say.")

    static let keyTTL = Setting<Duration>.duration(
        "IDEMPOTENCY_DEFAULT_TTL", "Keeping", .seconds(1) ... .days(3650), default: "3600",
        "How long an idempotency key answers after the commit, for tasks that do not say.")
    static let resultTTL = Setting<Duration>.duration(
        "RESULT_TTL", "Keeping", .seconds(1) ... .days(3650), default: "3600",
        "How long a result is kept after the commit, for tasks that do not say.")
    static let historyRetention = Setting<Duration>.duration(
        "HISTORY_RETENTION", "Keeping", .seconds(1) ... .days(3650), default: "24h",
        "How long the record of a finished task is kept. On Redis 10 minutes unless set, and as long as its result.")
    static let deadLetterRetention = Setting<Duration>.duration(
        "DLQ_RETENTION", "Keeping", .seconds(1) ... .days(3650), default: "90d", "How long a dead letter is kept.")

    static let checkpointInline = Setting<Int>.integer(
        "CHECKPOINT_MAX_INLINE_BYTES", "Checkpoints", 1...1 << 30, default: 262_144,
        "The largest checkpoint that is kept with the task, in bytes of JSON.")
    static let checkpointBackend = Setting<CheckpointBackend>.choice(
        "CHECKPOINT_BACKEND", "Checkpoints", default: .inline, "`filesystem` keeps larger checkpoints as files in RELIER_CHECKPOINT_DIR.")
    static let checkpointDirectory = Setting<String>.text(
        "CHECKPOINT_DIR", "Checkpoints", default: nil, allowed: "a directory that every worker shares",
        "Where the `filesystem` backend keeps checkpoints; needed by it.")

    static let admissionLimit = Setting<AdmissionLimit>(
        name: "ADMISSION_LIMIT", group: "Admission", type: "integer",
        allowed: "a whole number from 1 to 1000000000, or 0 or off for no limit",
        defaultText: "5000", help: "How many new tasks all programs together may push in one window.",
        parse: { AdmissionLimit(parsing: $0) })
    static let admissionWindow = Setting<Duration>.duration(
        "ADMISSION_WINDOW", "Admission", .milliseconds(100) ... .days(7), default: "10",
        "How long a window lasts. An open one keeps its length when this changes.")
    static let admissionMaxBacklog = Setting<Int>.integer(
        "ADMISSION_MAX_BACKLOG", "Admission", 1...1_000_000_000, default: nil,
        "No task is admitted while so many wait for a worker. Unbounded unless set.")
    static let admissionMaxAge = Setting<Duration>.duration(
        "ADMISSION_MAX_AGE", "Admission", .milliseconds(1) ... .days(365), default: nil,
        "No task is admitted while one has waited for longer than this. Unbounded unless set.")

    static let all: [any SettingDescription] = [
        url, durability, file, transactionLimit, maxPayloadBytes,
        namespace, partitions, connectTimeout, socketTimeout, replicas, sentinelNodes, sentinelMaster, unsafeRedis,
        concurrency, processes, queues, workerName, grace, stuckGrace, maxStuckPercent, softTimeout, hardTimeout, resultMaxBytes, logLevel,
        lease, maxResurrections, checkInterval, batchSize, maxQueueDepth, rate,
        catchUp,
        keyTTL, resultTTL, historyRetention, deadLetterRetention,
        checkpointInline, checkpointBackend, checkpointDirectory,
        secretKey, previousSecretKeys,
        admissionLimit, admissionWindow, admissionMaxBacklog, admissionMaxAge,
    ]

    /// `nil` where a name is wrong, empty or there twice.
    @Sendable private static func parseQueues(_ text: String) -> [WeightedQueue]? {
        var queues: [WeightedQueue] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.trimmingPrefix(while: \.isWhitespace)
            guard let queue = WeightedQueue(parsing: String(part.trimmedEnd)), !queues.contains(where: { $0.queue == queue.queue }) else {
                return nil
            }
            queues.append(queue)
        }
        return queues.isEmpty ? nil : queues
    }
}

/// How many tasks a window takes.
struct AdmissionLimit: Sendable {
    /// `nil` is off.
    let count: Int?

    init?(parsing text: String) {
        if text.lowercased() == "off" {
            count = nil
            return
        }
        guard let number = Int(text), (0...1_000_000_000).contains(number) else { return nil }
        count = number == 0 ? nil : number
    }
}

/// What a commit survives.
enum Durability: String, CaseIterable, Sendable { case durable, relaxed }

/// Whose the database file is.
enum FileUse: String, CaseIterable, Sendable { case own, shared }

/// Where large checkpoints go.
enum CheckpointBackend: String, CaseIterable, Sendable { case inline, filesystem }

extension Substring {
    /// Without the white space at its end.
    var trimmedEnd: Substring {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
