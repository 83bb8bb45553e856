public import Foundation

/// The end of one attempt.
public struct Settlement: Sendable {
    public enum Outcome: Sendable {
        /// The body returned: store `result` (JSON) for its time to live, complete the key, drop the checkpoint. Success.
        case commit(result: Data)
        /// The body failed and has attempts left: schedule it after `after`, key still held. Attempt + 1.
        case retry(after: Duration, reason: String, message: String)
        /// Into the dead letter queue; its checkpoint goes with it. The key is freed, or with `keyHeld` only by ``Engine/bodyReturned(_:fence:)``
        /// or the end of the incarnation, since the body still runs.
        case quarantine(reason: String, message: String, keyHeld: Bool)
        /// Back to the head of its queue, counting nothing: a drain.
        case handBack
        /// Wait until `key` settles, counting nothing. Queued again at once if nobody holds it any more. In the same step all keys that the task took by
        /// hand and did not settle are free: what waits holds none, so that no two tasks wait for each other.
        case snooze(key: String)
    }

    public var task: TaskID
    public var fence: Fence
    public var outcome: Outcome
    /// The body has not returned although its attempt has ended, as with a quarantine that keeps the key: its slots in concurrency limits stay taken
    /// until ``Engine/bodyReturned(_:fence:)`` or the end of the incarnation.
    public var bodyRuns: Bool

    public init(task: TaskID, fence: Fence, outcome: Outcome, bodyRuns: Bool = false) {
        self.task = task
        self.fence = fence
        self.outcome = outcome
        self.bodyRuns = bodyRuns
    }
}

public enum SettleReply: Sendable, Hashable {
    /// Carried out now, or earlier under the same fence.
    case done
    /// The fence was not the task's current one: another incarnation has it, or it has ended. Nothing changed.
    case refused
}

/// A value kept under a key.
public struct KeyValue: Sendable, Hashable {
    /// JSON, or `nil` for "no value".
    public var value: Data?
    /// How long it answers, counted from now.
    public var ttl: Duration

    public init(value: Data?, ttl: Duration) {
        self.value = value
        self.ttl = ttl
    }
}

/// What taking a key by hand answers.
public enum KeyAnswer: Sendable, Hashable {
    /// It is this task's now, or was already.
    case acquired
    /// It was completed; `nil` means without a value.
    case completed(Data?)
    /// Another live task holds it.
    case held(by: TaskID)
}
