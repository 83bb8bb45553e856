/// A page of a listing: pass ``next`` as the next query's `after`.
public struct Page<Item: Sendable & Codable>: Sendable, Codable {
    public var items: [Item]
    /// `nil` on the last page.
    public var next: String?

    public init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}

public struct TaskQuery: Sendable {
    public var state: TaskState?
    public var queue: Queue?
    public var name: String?
    /// 1 to 1000.
    public var limit: Int
    /// ``Page/next`` of the page before.
    public var after: String?

    public init(state: TaskState? = nil, queue: Queue? = nil, name: String? = nil, limit: Int = 50, after: String? = nil) {
        self.state = state
        self.queue = queue
        self.name = name
        self.limit = min(1000, max(1, limit))
        self.after = after
    }
}

public struct TaskSummary: Sendable, Codable, Hashable {
    public var id: TaskID
    public var name: String
    public var version: Int
    public var queue: Queue
    public var state: TaskState
    public var attempt: Int
    public var resurrections: Int
    public var enqueuedAt: EngineTime
    /// The worker that runs it, if one does.
    public var worker: String?
    /// What holds it back, for people: a limit and its key, another task's key, a paused queue. `nil` where nothing does, or only a worker is missing.
    public var waitsFor: String?

    public init(
        id: TaskID, name: String, version: Int, queue: Queue, state: TaskState, attempt: Int, resurrections: Int,
        enqueuedAt: EngineTime, worker: String?, waitsFor: String? = nil
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.queue = queue
        self.state = state
        self.attempt = attempt
        self.resurrections = resurrections
        self.enqueuedAt = enqueuedAt
        self.worker = worker
        self.waitsFor = waitsFor
    }
}

/// One attempt in a task's history.
public struct AttemptRecord: Sendable, Codable, Hashable {
    public var incarnation: Incarnation
    public var worker: String
    public var fence: Int64
    public var start: EngineTime
    /// `nil` while it runs.
    public var end: EngineTime?
    /// `running`, `committed`, `retry`, `quarantined`, `handed-back`, `snoozed`, `worker-gone`, `stray`, `cancelled`.
    public var outcome: String
    /// The reason of a failure, or how the worker ended.
    public var detail: String?
    /// For `worker-gone`: `observed-death` or `lease-end`.
    public var recoveredBy: String?
    /// Filled in by ``Engine/inspect(_:)`` from the incarnation's crash report.
    public var crash: CrashReport?

    public init(
        incarnation: Incarnation, worker: String, fence: Int64, start: EngineTime, end: EngineTime?, outcome: String,
        detail: String? = nil, recoveredBy: String? = nil, crash: CrashReport? = nil
    ) {
        self.incarnation = incarnation
        self.worker = worker
        self.fence = fence
        self.start = start
        self.end = end
        self.outcome = outcome
        self.detail = detail
        self.recoveredBy = recoveredBy
        self.crash = crash
    }
}

public struct TaskDetails: Sendable, Codable {
    public var summary: TaskSummary
    public var payload: JSONValue?
    /// When it is due, if it is scheduled.
    public var due: EngineTime?
    public var key: String?
    public var checkpointBytes: Int?
    /// What the running body last told, as of its worker's last renewal.
    public var progress: TaskProgress?
    public var result: JSONValue?
    public var reason: String?
    public var message: String?
    public var history: [AttemptRecord]
    /// The id of the key that signed it, as its envelope says; nothing is verified here.
    public var signedBy: String?

    public init(
        summary: TaskSummary, payload: JSONValue?, due: EngineTime?, key: String?, checkpointBytes: Int?,
        progress: TaskProgress? = nil, result: JSONValue?, reason: String?, message: String?, history: [AttemptRecord],
        signedBy: String? = nil
    ) {
        self.summary = summary
        self.payload = payload
        self.due = due
        self.key = key
        self.checkpointBytes = checkpointBytes
        self.progress = progress
        self.result = result
        self.reason = reason
        self.message = message
        self.history = history
        self.signedBy = signedBy
    }
}

public struct DeadLetterQuery: Sendable {
    public var name: String?
    public var reason: String?
    /// 1 to 1000.
    public var limit: Int
    public var after: String?

    public init(name: String? = nil, reason: String? = nil, limit: Int = 50, after: String? = nil) {
        self.name = name
        self.reason = reason
        self.limit = min(1000, max(1, limit))
        self.after = after
    }
}

public struct DeadLetterSummary: Sendable, Codable, Hashable {
    public var id: TaskID
    public var name: String
    public var queue: Queue
    public var reason: String
    public var message: String
    public var attempts: Int
    public var resurrections: Int
    public var enqueuedAt: EngineTime
    public var quarantinedAt: EngineTime

    public init(
        id: TaskID, name: String, queue: Queue, reason: String, message: String, attempts: Int, resurrections: Int,
        enqueuedAt: EngineTime, quarantinedAt: EngineTime
    ) {
        self.id = id
        self.name = name
        self.queue = queue
        self.reason = reason
        self.message = message
        self.attempts = attempts
        self.resurrections = resurrections
        self.enqueuedAt = enqueuedAt
        self.quarantinedAt = quarantinedAt
    }
}

public struct WorkerSummary: Sendable, Codable {
    public var info: WorkerInfo
    public var joinedAt: EngineTime
    public var running: Int
    /// Bodies that go on although their attempt has ended, as its last renewal told.
    public var stuck: Int
    /// What an operator wants of it.
    public var order: WorkerOrder?

    public init(info: WorkerInfo, joinedAt: EngineTime, running: Int, stuck: Int = 0, order: WorkerOrder? = nil) {
        self.info = info
        self.joinedAt = joinedAt
        self.running = running
        self.stuck = stuck
        self.order = order
    }
}

public struct QueueSummary: Sendable, Codable, Hashable {
    public var queue: Queue
    public var queued: Int
    /// Recovered tasks of this queue that wait.
    public var recovered: Int
    public var scheduled: Int
    public var running: Int
    public var parked: Int
    public var suspects: Int
    /// Tasks snoozed until a key settles, and those that a limit holds back.
    public var waiting: Int
    /// Those of ``waiting`` that a limit holds back.
    public var limited: Int
    /// When the oldest queued task was pushed.
    public var oldest: EngineTime?
    /// Since when its tasks are claimed by nobody; `nil` unless it is paused.
    public var pausedAt: EngineTime?

    public init(
        queue: Queue, queued: Int = 0, recovered: Int = 0, scheduled: Int = 0, running: Int = 0, parked: Int = 0, suspects: Int = 0,
        waiting: Int = 0, limited: Int = 0, oldest: EngineTime? = nil, pausedAt: EngineTime? = nil
    ) {
        self.queue = queue
        self.queued = queued
        self.recovered = recovered
        self.scheduled = scheduled
        self.running = running
        self.parked = parked
        self.suspects = suspects
        self.waiting = waiting
        self.limited = limited
        self.oldest = oldest
        self.pausedAt = pausedAt
    }
}

/// What became of a cancellation.
public enum CancelReply: Sendable, Hashable {
    /// The task has ended as cancelled.
    case cancelled
    /// The current run goes on, and is the last.
    case afterThisRun
}

/// One line of `doctor`.
public struct HealthFinding: Sendable, Codable, Hashable {
    public enum Level: String, Sendable, Codable { case ok, warning, failure }
    public var name: String
    public var level: Level
    public var detail: String

    public init(_ name: String, _ level: Level, _ detail: String) {
        self.name = name
        self.level = level
        self.detail = detail
    }
}
