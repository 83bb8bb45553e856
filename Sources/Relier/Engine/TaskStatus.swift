public import Foundation

/// Where a task is in its life.
public struct TaskState: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// Waits for its time: a delay, a date, or the pause before a retry.
    public static let scheduled = TaskState(rawValue: "scheduled")
    /// Ready to be claimed.
    public static let queued = TaskState(rawValue: "queued")
    /// Set aside: no live worker knows its name or version.
    public static let parked = TaskState(rawValue: "parked")
    /// Waits until an idempotency key that another task holds settles, or until its limits let it start.
    public static let waiting = TaskState(rawValue: "waiting")
    /// Ready to run alone in a process of its own, since a process died under it.
    public static let suspect = TaskState(rawValue: "suspect")
    /// Claimed by a worker.
    public static let running = TaskState(rawValue: "running")
    /// Ended well; its result is stored for its time to live.
    public static let committed = TaskState(rawValue: "committed")
    /// In the dead letter queue.
    public static let quarantined = TaskState(rawValue: "quarantined")
    /// Ended by an operator.
    public static let cancelled = TaskState(rawValue: "cancelled")

    /// Whether the task has ended: committed, quarantined or cancelled.
    public var isEnd: Bool { self == .committed || self == .quarantined || self == .cancelled }
}

/// What ``Engine/status(of:)`` answers for one task.
public struct TaskStatus: Sendable, Hashable {
    public var state: TaskState
    /// The stored result, as JSON. `nil` unless committed, and once its time to live is over.
    public var result: Data?
    /// Why it was quarantined: an error's type name or one of Relier's own reasons.
    public var reason: String?
    public var message: String?
    /// What the running body last told.
    public var progress: TaskProgress?

    public init(
        state: TaskState, result: Data? = nil, reason: String? = nil, message: String? = nil, progress: TaskProgress? = nil
    ) {
        self.state = state
        self.progress = progress
        self.result = result
        self.reason = reason
        self.message = message
    }
}
