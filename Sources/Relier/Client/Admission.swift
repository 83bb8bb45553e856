/// What a push does when the engine does not admit it.
public struct OnSaturation: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case throwing
        case wait(upTo: Duration?)
    }
    let kind: Kind

    /// Throw ``AdmissionRejectedError``, or ``PartialPushError`` for many tasks.
    public static let `throw` = OnSaturation(kind: .throwing)
    /// Suspend until the engine admits the rest. Ends early when the caller is cancelled.
    public static let wait = OnSaturation(kind: .wait(upTo: nil))
    /// The same for at most this long; then as ``throw``. Zero or less asks once.
    public static func wait(upTo limit: Duration) -> OnSaturation { OnSaturation(kind: .wait(upTo: limit)) }
}

/// The task was not admitted: as many came in as the ``AdmissionPolicy`` allows. Nothing of it is stored.
public struct AdmissionRejectedError: Error, Sendable, CustomStringConvertible {
    /// When to push again: the time left in the window, more than zero. A task that comes back then is admitted if others are not faster.
    public let retryAfter: Duration
    /// What was full.
    public let cause: AdmissionRejection.Cause
    /// The policy of the push.
    public let policy: AdmissionPolicy

    public init(_ rejection: AdmissionRejection, policy: AdmissionPolicy) {
        retryAfter = rejection.retryAfter
        cause = rejection.cause
        self.policy = policy
    }

    /// The rejection that an error is, or that ended a batch; `nil` for any other error.
    public init?(in error: any Error) {
        switch error {
        case let error as AdmissionRejectedError: self = error
        case let error as any PushInterruption:
            guard let cause = error.cause as? AdmissionRejectedError else { return nil }
            self = cause
        default: return nil
        }
    }

    public var description: String {
        let full =
            switch cause {
            case .backlog: "\(policy.maxBacklog ?? 0) tasks wait already, which is the bound of the backlog"
            case .age: "a task has waited for more than \((policy.maxAge ?? .zero).inSeconds) s, which is the bound of the backlog"
            default: "the limit of \(policy.limit ?? 0) tasks in \(policy.window.inSeconds) s is reached"
            }
        let seconds = (retryAfter.inSeconds * 10).rounded(.up) / 10
        return "not admitted: \(full); push again in \(seconds) s, or wait with onSaturation: .wait"
    }
}

/// A batch ended before all of its tasks were in.
///
/// ```swift
/// do {
///     try await relier.push(contentsOf: users.map { $importUser(userID: $0) })
/// } catch let error as PartialPushError<$importUser> {
///     rest = error.remaining
/// }
/// ```
public struct PartialPushError<Work: RelierTask>: Error, Sendable, CustomStringConvertible {
    /// Of the tasks that are in, in their order.
    public let receipts: [TaskReceipt<Work.Output>]
    /// The tasks that are not, in their order, to be pushed again. After ``PushOutcomeUnknown`` it is not known of those that it names.
    public let remaining: [Work]
    /// What ended the push: ``AdmissionRejectedError``, or while it waited for admission `CancellationError`, ``EngineError`` or ``PushOutcomeUnknown``.
    public let cause: any Error

    /// When to push the rest; `nil` when it was not admission that ended the push.
    public var retryAfter: Duration? { (cause as? AdmissionRejectedError)?.retryAfter }

    public var description: String {
        "\(remaining.count) of \(remaining.count + receipts.count) '\(Work.name)' tasks were not pushed: \(cause)"
    }
}

/// A ``PartialPushError`` of whatever task.
package protocol PushInterruption: Error {
    var cause: any Error { get }
}

extension PartialPushError: PushInterruption {}
