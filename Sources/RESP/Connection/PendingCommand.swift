import NIOCore
import Synchronization

/// A command on its way, and who waits for it. Settled exactly once, by whoever comes first: the reply, a deadline, the end of the connection,
/// or the caller's cancellation, which may happen on any thread.
final class PendingCommand: Sendable {
    typealias Outcome = Result<RESPValue, RESPError>

    enum Completion: Sendable {
        case continuation(UnsafeContinuation<Outcome, Never>)
        /// Runs on the connection's event loop.
        case callback(@Sendable (Outcome) -> Void)

        func callAsFunction(_ outcome: Outcome) {
            switch self {
            case .continuation(let continuation): continuation.resume(returning: outcome)
            case .callback(let callback): callback(outcome)
            }
        }
    }

    private enum State {
        case new
        case queued(Completion)
        case written(Completion)
        case settled
    }

    let command: RESPCommand
    /// The end of its wait for a connection.
    let sendBy: NIODeadline
    let deadline: NIODeadline
    /// Answered by a push, as `SUBSCRIBE` is.
    let isSubscription: Bool
    private let state: Mutex<State>

    /// Without a completion, ``wait(with:)`` has to follow.
    init(
        _ command: RESPCommand, sendBy: NIODeadline, deadline: NIODeadline, isSubscription: Bool = false,
        completion: (@Sendable (Outcome) -> Void)? = nil
    ) {
        self.command = command
        self.sendBy = min(sendBy, deadline)
        self.deadline = deadline
        self.isSubscription = isSubscription
        state = Mutex(completion.map { .queued(.callback($0)) } ?? .new)
    }

    /// `false` when the caller was cancelled before: then the command is not to be submitted.
    func wait(with continuation: UnsafeContinuation<Outcome, Never>) -> Bool {
        state.withLock { state in
            guard case .new = state else { return false }
            state = .queued(.continuation(continuation))
            return true
        }
    }

    /// To be called before the bytes are handed over. `false` when nobody waits any more: then it is to be dropped.
    func markWritten() -> Bool {
        state.withLock { state in
            guard case .queued(let completion) = state else { return false }
            state = .written(completion)
            return true
        }
    }

    func settle(_ outcome: Outcome) { take()?.completion(outcome) }

    /// Ends the wait of a cancelled caller. The connection drops the command or its reply when it comes to it.
    func cancel(place: String) {
        guard let taken = take() else { return }
        let name = command.name
        taken.completion(
            .failure(
                taken.written
                    ? .outcomeUnknown(name, at: place, because: CancellationError())
                    : .neverSent(name, to: place, because: CancellationError())))
    }

    private func take() -> (completion: Completion, written: Bool)? {
        state.withLock { state in
            defer { state = .settled }
            switch state {
            case .queued(let completion): return (completion, false)
            case .written(let completion): return (completion, true)
            case .new, .settled: return nil
            }
        }
    }
}
