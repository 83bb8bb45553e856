/// One joined incarnation, as a sweeper sees it.
public struct LeaseSighting: Sendable, Hashable {
    public var incarnation: Incarnation
    /// Its lease counter; `nil` when it could not be read. Not being able to look is no death: such a sighting ends no lease, and a counter that
    /// stood still before it says nothing.
    public var counter: UInt64?
    /// How long the counter may stand still.
    public var lease: Duration
    /// The engine knows that its holder is gone (its lock is free, or the machine was rebooted since).
    public var holderGone: Bool

    public init(incarnation: Incarnation, counter: UInt64?, lease: Duration, holderGone: Bool) {
        self.incarnation = incarnation
        self.counter = counter
        self.lease = lease
        self.holderGone = holderGone
    }
}

public enum ReleaseTarget: Sendable, Hashable {
    /// One incarnation, if its counter still stands at this value and, for `counter == nil`, if its holder is gone.
    case incarnation(Incarnation, counter: UInt64?)
    /// Whatever lived in a process that its parent saw die.
    case process(TaskID)
}

/// How a worker ended.
public enum Death: Sendable, Hashable, Codable {
    /// Nobody saw it: its lease counter stood still for the whole lease.
    case leaseEnded
    /// Its lock was free, or the machine was rebooted since.
    case lockFreed
    /// It told its parent that it stops itself, since it cannot renew its lease or cannot free its slots, and left.
    case selfStopped
    /// It was told to drain, or told its parent that it leaves, and left with status 0 or ``drainedStatus``.
    case drained
    /// Its parent saw it leave with this status, unannounced.
    case exited(status: Int32)
    /// Its parent saw it die of this signal.
    case signalled(Int32)
    /// Its parent saw it killed while the memory limit's counter rose.
    case outOfMemory

    /// Whether what it ran is under suspicion of having done it: a trap, an exit with any status that nobody asked for, or too much memory.
    public var makesSuspects: Bool {
        switch self {
        case .leaseEnded, .lockFreed, .selfStopped, .drained: false
        case .exited: true
        // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV
        case .signalled(let signal): [4, 5, 6, 7, 8, 11].contains(signal)
        case .outOfMemory: true
        }
    }

    /// Whether the process left of its own accord, as it should: what it still holds goes back and counts nothing.
    public var isOrderly: Bool { self == .selfStopped || self == .drained }

    /// Whether somebody saw the death, or at least a lock that the kernel freed.
    public var wasObserved: Bool { self != .leaseEnded }

    /// The exit status of a worker process that an operator drained for good: its supervisor starts no other in its place.
    public static let drainedStatus: Int32 = 77

    /// The exit status of a worker that left because it could not renew its lease.
    public static let selfStopStatus: Int32 = 79

    /// For histories: `signal 11`, `exit status 3`, `lease ended`, …
    public var label: String {
        switch self {
        case .leaseEnded: "lease ended"
        case .lockFreed: "process gone"
        case .selfStopped: "stopped itself"
        case .drained: "drained"
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        case .outOfMemory: "out of memory"
        }
    }
}

/// How much one release may do, and how many lost workers a task survives.
public struct ReleaseLimits: Sendable, Hashable {
    /// How many workers in a row a task may lose while it runs alone, without progress between them; the last of them quarantines it. 1 or more.
    public var maxResurrections: Int
    /// How many workers a task may lose in its whole life; after that it runs alone, and the next one lost quarantines it. 1 or more.
    public var maxLosses: Int
    /// How many tasks one call moves at most; 1 or more.
    public var batch: Int
    /// No more tasks are moved while so many recovered ones wait; 1 or more.
    public var maxRequeueDepth: Int
    /// While so many tasks wait to run alone, a task that lost its second worker to no fault of its process is queued among the others again, so that
    /// a mass kill does not turn a backlog into lone runs. 0 or more.
    public var maxLoneTasks: Int

    public init(
        maxResurrections: Int = 5, maxLosses: Int = 50, batch: Int = 1000, maxRequeueDepth: Int = 10_000, maxLoneTasks: Int = 100
    ) {
        self.maxResurrections = maxResurrections
        self.maxLosses = maxLosses
        self.batch = batch
        self.maxRequeueDepth = maxRequeueDepth
        self.maxLoneTasks = maxLoneTasks
    }
}

/// What a release moved. A task that was cancelled during its run ends as cancelled instead of being queued again, and is named where it would have gone.
public struct ReleaseReport: Sendable, Hashable {
    public var requeued: [TaskID] = []
    public var suspects: [TaskID] = []
    public var quarantined: [TaskID] = []
    /// Back in their queues without a count.
    public var handedBack: [TaskID] = []
    /// More is left: call again (after a pause when ``throttled``).
    public var remaining = false
    /// Stopped at ``ReleaseLimits/maxRequeueDepth``.
    public var throttled = false

    public init() {}
    public var count: Int { requeued.count + suspects.count + quarantined.count + handedBack.count }
}

/// What is known of a crash.
public struct CrashReport: Sendable, Codable, Hashable {
    public var process: TaskID
    public var death: Death
    /// The last lines that the process wrote to standard error, at most 16 KiB.
    public var standardError: String
    /// Swift's backtrace, where there is one.
    public var backtrace: String?

    public init(process: TaskID, death: Death, standardError: String, backtrace: String?) {
        self.process = process
        self.death = death
        self.standardError = standardError
        self.backtrace = backtrace
    }
}

public struct TendReport: Sendable, Hashable {
    public var promoted = 0
    public var unregistered = 0
    /// Records that are no tasks of Relier's and were quarantined.
    public var foreign = 0
    public var expired = 0
    /// Something was left for the next call.
    public var remaining = false
    /// When the next scheduled task is due on the engine's clock, as far as known.
    public var nextDue: EngineTime?
    public init() {}
}
