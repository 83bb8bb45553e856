public import Foundation

/// A task to accept.
public struct NewTask: Sendable {
    public var envelope: Envelope
    public var queue: Queue
    /// When it may start.
    public var due: Due
    /// Two pushes with one key are one operation.
    public var key: String?
    /// How long the key answers further pushes, counted from the commit.
    public var keyTTL: Duration
    /// How long the result is kept, counted from the commit.
    public var resultTTL: Duration
    /// The running task whose body pushes this one. The child's id is remembered until the parent has ended.
    public var parent: (id: TaskID, fence: Fence)?
    /// What it is limited by: at most one of each kind, in the order of their kinds.
    public var limits: [LimitKey]

    public init(
        envelope: Envelope, queue: Queue = .default, due: Due = .now, key: String? = nil,
        keyTTL: Duration = .hours(1), resultTTL: Duration = .hours(1), parent: (id: TaskID, fence: Fence)? = nil,
        limits: [LimitKey] = []
    ) {
        self.envelope = envelope
        self.queue = queue
        self.due = due
        self.key = key
        self.keyTTL = keyTTL
        self.resultTTL = resultTTL
        self.parent = parent
        self.limits = limits
    }
}

/// When a task may start.
public enum Due: Sendable, Hashable {
    /// At once.
    case now
    /// After that long on the engine's clock; zero or less means at once.
    case after(Duration)
    /// When the wall clock of the machine that promotes it shows this date.
    case at(Date)
}

/// What became of a push.
public enum PushOutcome: Sendable, Hashable {
    /// A new task.
    case accepted
    /// This id was pushed before, or was pushed by this parent before. Nothing changed.
    case known
    /// The key is held by another task, live or finished; `by` is its id.
    case duplicate(by: TaskID)
    /// Not admitted by the policy of the push, and nothing of it is stored.
    case rejected(AdmissionRejection)
}
