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
    /// Its parent saw it leave with this status.
    case exited(status: Int32)
    /// Its parent saw it die of this signal.
    case signalled(Int32)
    /// Its parent saw it killed while the memory limit's counter rose.
    case outOfMemory

    /// Whether what it ran is under suspicion of having done it: a trap, a non-zero exit, or too much memory.
    public var makesSuspects: Bool {
        switch self {
        case .leaseEnded, .lockFreed: false
        // 79 is a worker that stopped itself at its lease's deadline: nobody's fault.
        case .exited(let status): ![0, Death.selfStopStatus, Death.drainedStatus].contains(status)
        // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV
        case .signalled(let signal): [4, 5, 6, 7, 8, 11].contains(signal)
        case .outOfMemory: true
        }
    }

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
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        case .outOfMemory: "out of memory"
        }
    }
}

public struct ReleaseLimits: Sendable, Hashable {
    /// How many lost workers a task survives; zero or more.
    public var maxResurrections: Int
    /// How many tasks one call moves at most; 1 or more.
    public var batch: Int
    /// No more tasks are moved while so many recovered ones wait; 1 or more.
    public var maxRequeueDepth: Int

    public init(maxResurrections: Int = 5, batch: Int = 1000, maxRequeueDepth: Int = 10_000) {
        self.maxResurrections = maxResurrections
        self.batch = batch
        self.maxRequeueDepth = maxRequeueDepth
    }
}

/// What becomes of a task whose worker is gone. Pure: every engine decides by this.
public enum Fate: Sendable, Hashable {
    /// Back to where it was, counting nothing: its worker stopped itself.
    case handBack
    case requeue
    case suspect
    case quarantine(reason: String)

    /// - Parameters:
    ///   - resurrections: how often a worker was lost under it before.
    ///   - ranAlone: it was a suspect, alone in its process.
    public static func of(resurrections: Int, ranAlone: Bool, death: Death, maxResurrections: Int) -> Fate {
        if death == .exited(status: Death.selfStopStatus) { return .handBack }
        if ranAlone && death.makesSuspects { return .quarantine(reason: "WorkerCrash") }
        if resurrections >= maxResurrections { return .quarantine(reason: "max_resurrections_exceeded") }
        // A suspect that lost its process to somebody else's kill is still a suspect.
        return death.makesSuspects || ranAlone ? .suspect : .requeue
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
