/// What a worker says with each renewal of its lease.
public struct Heartbeat: Sendable {
    /// The attempts it holds. What the engine believes to run here and is not named is queued again.
    public var holding: [TaskID: Fence]
    /// The claims up to this number are answered.
    public var settledThrough: Int64
    /// Bodies that go on although their attempt has ended; for operators.
    public var stuck: Int
    /// What running bodies told of their progress since the last renewal that was answered. For operators and clients, kept until the attempt ends, not durable.
    public var progress: [TaskID: TaskProgress]

    public init(holding: [TaskID: Fence], settledThrough: Int64, stuck: Int = 0, progress: [TaskID: TaskProgress] = [:]) {
        self.holding = holding
        self.settledThrough = settledThrough
        self.stuck = stuck
        self.progress = progress
    }
}

/// What a renewal found.
public enum Renewal: Sendable, Hashable {
    /// The lease goes on. `lost` are tasks that the worker named and no longer holds; `strays` counts those queued again;
    /// `order` is what an operator wants of the worker, given with every renewal until it leaves.
    case renewed(lost: [TaskID], strays: Int, order: WorkerOrder? = nil)
    /// The incarnation is not joined any more: others may run its tasks. Join anew.
    case gone
}

/// What an operator wants of a worker.
public enum WorkerOrder: String, Sendable, Codable {
    /// Finish or hand over what runs, and end for good.
    case drain
    /// Finish or hand over what runs, and be replaced by a fresh process.
    case restart
}

/// How far a body is.
public struct TaskProgress: Sendable, Hashable, Codable {
    /// Units done; zero or more.
    public var done: Int64
    /// Units in all, where known; zero or more.
    public var total: Int64?

    public init(done: Int64, total: Int64? = nil) {
        self.done = max(0, done)
        self.total = total.map { max(0, $0) }
    }
}

/// An incarnation's lease. Its methods block and never touch the cooperative pool, so that a thread of its own can keep the lease
/// while bodies starve everything else.
public protocol LeaseHolder: Sendable {
    /// Advances the lease's counter and says what the worker holds.
    ///
    /// Tasks that the engine believes running here, claimed under a request numbered ``Heartbeat/settledThrough`` or lower and not named, are queued again:
    /// their claim's reply was lost.
    /// - Throws: `unavailable` when the lease was not renewed; the caller tries again and watches its deadline.
    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal

    /// ``Engine/settle(_:)`` for a thread that must not depend on the cooperative pool. Blocks until the answer is there.
    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply]
}

extension LeaseHolder {
    /// Advances the lease's counter and names what the worker holds.
    public func renew(holding: [TaskID: Fence], settledThrough: Int64) throws(EngineError) -> Renewal {
        try renew(Heartbeat(holding: holding, settledThrough: settledThrough))
    }
}
