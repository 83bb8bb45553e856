/// The push may or may not have been accepted: its reply was lost. Push again under the same id, which accepts it once.
public struct PushOutcomeUnknown: Error, Sendable, CustomStringConvertible {
    /// The ids, in the order of the push. For `push(_:id:)`.
    public let ids: [TaskID]
    public let cause: EngineError

    public var description: String {
        "it is not known whether \(ids.count == 1 ? "task \(ids[0])" : "\(ids.count) tasks") arrived: \(cause.message); push again with the same id"
    }
}

/// The arguments are larger than what is accepted. Nothing was pushed.
public struct PayloadTooLarge: Error, Sendable, CustomStringConvertible {
    public let name: String
    public let bytes: Int
    public let limit: Int

    public var description: String {
        "the arguments of '\(name)' take \(bytes) bytes as JSON, more than the \(limit) allowed; "
            + "pass a reference (an id, a path), or raise RELIER_MAX_PAYLOAD_BYTES"
    }
}

/// The task is in the dead letter queue.
public struct TaskQuarantined: Error, Sendable, CustomStringConvertible {
    public let id: TaskID
    /// An error's type name, or one of Relier's own: `TimeoutError`, `WorkerCrash`, `max_resurrections_exceeded`, `PayloadIntegrityError`, `PayloadTooLarge`,
    /// `SchemaMigrationError`, `ResultError`, `UnregisteredTaskError`.
    public let reason: String
    public let message: String
    public var description: String { "task \(id) was quarantined: \(reason)\(message.isEmpty ? "" : ": \(message)")" }
}

/// An operator cancelled the task.
public struct TaskCancelled: Error, Sendable, CustomStringConvertible {
    public let id: TaskID
    public var description: String { "task \(id) was cancelled" }
}

/// The task committed, but its result is no longer kept; or the task is not known.
public struct ResultExpired: Error, Sendable, CustomStringConvertible {
    public let id: TaskID
    public var description: String { "the result of task \(id) is not kept any more, or the task was never pushed here" }
}

/// The task had not ended when the time was up. It goes on.
public struct ResultTimeout: Error, Sendable, CustomStringConvertible {
    public let id: TaskID
    public let after: Duration
    public var description: String { "task \(id) had not ended after \(after.inSeconds) s; it goes on" }
}

/// A body awaited another task's value without saying that this is meant: bodies that wait for bodies can fill every slot and wait for ever.
public struct AwaitInsideBody: Error, Sendable, CustomStringConvertible {
    public let id: TaskID
    public var description: String {
        "awaiting task \(id) inside a body holds a slot that the awaited task may need; "
            + "push a follow-up task instead, or say value(insideBody: true) if the pools are separate"
    }
}

/// A task's options, name or arguments that can never work; found before anything runs.
public struct RegistrationError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A blocking call was made on a Swift task's thread, which it could hold for ever.
public struct BlockingCallOnTask: Error, Sendable, CustomStringConvertible {
    public var description: String { "pushBlocking was called on a Swift task; use 'try await push' there" }
}
