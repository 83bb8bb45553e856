import Foundation
public import Logging

/// How a worker runs.
public struct WorkerSettings: Sendable {
    /// How many bodies run at once; 1 to 10,000.
    public var concurrency: Int
    /// The queues it serves, with their weights.
    public var queues: [WeightedQueue]
    /// A label for people; `%h` becomes the host's name, `%p` the process id.
    public var name: String
    /// How long its lease counter may stand still before others take its tasks; 500 ms or more.
    public var lease: Duration
    /// How long a drain waits for running bodies before it hands them over.
    public var gracePeriod: Duration
    /// How long a body may go on after its attempt was ended over its head, by a timeout, a cancellation or a lost lease, before it counts as stuck:
    /// its slot is given back then. 5 s unless set.
    public var stuckGrace: Duration
    /// The share of the slots, 0 to 1, that stuck bodies may hold beside the free ones. With more of them a supervised worker drains and is replaced; an
    /// embedded one claims nothing until some return. 0.5 unless set.
    public var maxStuckShare: Double
    /// For async tasks that set none.
    public var softTimeout: Duration?
    /// For async tasks that set none.
    public var hardTimeout: Duration?
    /// The largest result that is stored, in bytes of JSON. A larger one quarantines the task as `ResultError`.
    public var resultMaxBytes: Int
    public var checkpoints: CheckpointSettings
    /// How its bodies push, and what it accepts: with ``ClientSettings/signing`` only tasks that one of those keys signed, and in any case only payloads
    /// up to ``ClientSettings/maxPayloadBytes``. What is not accepted goes to the dead letter queue.
    public var client: ClientSettings
    /// The process it lives in, as its supervisor knows it.
    public var process: TaskID
    /// Run one suspect, alone, and end.
    public var isolated: Bool
    /// Whether the process is left when the lease could not be renewed in time. `false` inside a user's own server.
    public var ownsProcess: Bool
    /// How it sweeps beside its work: promotes what is due, and queues again what dead workers held. `nil` leaves that to a supervisor or a ``Resurrector`` elsewhere.
    public var resurrection: ResurrectionSettings?
    /// How long suspects may wait for a supervisor before a worker outside one hands over or finishes what it runs and runs them, one after another, alone in its
    /// process; more than zero, `nil` for never. A suspect that traps takes the process down. 30 s unless set.
    public var suspectPatience: Duration?
    /// How old a missed tick of a schedule may be to be made up for. A worker that sweeps also schedules.
    public var catchUpWindow: Duration
    public var logger: Logger
    /// What a process of our own must not lose; `nil` where nobody looks.
    package var footing: Footing?
    /// How long a call of a body waits for an engine that is away, locked, full or refuses writes.
    package var enginePatience = Duration.seconds(60)

    public init(
        concurrency: Int = 10, queues: [WeightedQueue] = [WeightedQueue(.default)], name: String = "worker@%h",
        lease: Duration = .seconds(5), gracePeriod: Duration = .seconds(25), stuckGrace: Duration = .seconds(5),
        maxStuckShare: Double = 0.5, softTimeout: Duration? = nil, hardTimeout: Duration? = nil,
        resultMaxBytes: Int = 1 << 20, checkpoints: CheckpointSettings = .inline(), client: ClientSettings = ClientSettings(),
        process: TaskID = .next(), isolated: Bool = false, ownsProcess: Bool = false,
        resurrection: ResurrectionSettings? = ResurrectionSettings(), suspectPatience: Duration? = .seconds(30),
        catchUpWindow: Duration = .hours(1), logger: Logger = Logger(label: "relier.worker")
    ) {
        self.concurrency = concurrency
        self.queues = queues
        self.name = name
        self.lease = lease
        self.gracePeriod = gracePeriod
        self.stuckGrace = stuckGrace
        self.maxStuckShare = maxStuckShare
        self.softTimeout = softTimeout
        self.hardTimeout = hardTimeout
        self.resultMaxBytes = resultMaxBytes
        self.checkpoints = checkpoints
        self.client = client
        self.process = process
        self.isolated = isolated
        self.ownsProcess = ownsProcess
        self.resurrection = resurrection
        self.suspectPatience = suspectPatience
        self.catchUpWindow = catchUpWindow
        self.logger = logger
    }

    /// What cannot work, in one line; `nil` when all can.
    public var objection: String? {
        if !(1...10_000).contains(concurrency) { return "concurrency is \(concurrency); allowed are 1 to 10000" }
        if queues.isEmpty { return "a worker serves at least one queue" }
        if let bad = queues.first(where: { $0.queue != .requeue && $0.queue.objection != nil }) { return bad.queue.objection }
        if lease < .milliseconds(500) { return "the lease is \(lease.inSeconds) s; it takes at least 0.5 s" }
        if let patience = suspectPatience, patience <= .zero {
            return "the patience with suspects is \(patience.inSeconds) s; it takes more than 0"
        }
        if !(0...1).contains(maxStuckShare) { return "the share of slots for stuck bodies is \(maxStuckShare); allowed are 0 to 1" }
        if let soft = softTimeout, let hard = hardTimeout, soft >= hard { return "the default soft timeout must be less than the hard one" }
        return nil
    }

    /// How many stuck bodies are borne.
    var mostStuck: Int { Int(Double(concurrency) * maxStuckShare) }

    var expandedName: String {
        name.replacingOccurrences(of: "%h", with: HostName.current)
            .replacingOccurrences(of: "%p", with: String(ProcessInfo.processInfo.processIdentifier))
    }
}

/// A queue and how much of a worker it gets while others have work too.
public struct WeightedQueue: Sendable, Hashable {
    public var queue: Queue
    /// Its share is this over the sum of all; 1 to 1000.
    public var weight: Int

    public init(_ queue: Queue, weight: Int = 1) {
        self.queue = queue
        self.weight = min(1000, max(1, weight))
    }

    /// Parses `name` or `name=weight`; `nil` for anything else.
    public init?(parsing text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let queue = Queue(String(parts[0]))
        guard queue == .requeue || queue.objection == nil else { return nil }
        if parts.count == 1 {
            self.init(queue)
        } else {
            guard let weight = Int(parts[1]), (1...1000).contains(weight) else { return nil }
            self.init(queue, weight: weight)
        }
    }
}

/// Where checkpoints are kept.
public enum CheckpointSettings: Sendable, Hashable {
    /// With the task, up to `maxBytes`. 256 KiB unless set.
    case inline(maxBytes: Int = 262_144)
    /// Up to `inlineBytes` with the task, larger ones as compressed files in a directory that all workers share.
    case filesystem(directory: String, inlineBytes: Int = 262_144)
}

enum HostName {
    static let current: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix(while: { $0 != 0 }).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
