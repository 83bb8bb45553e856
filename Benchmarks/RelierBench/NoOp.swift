import Relier
import Synchronization

/// A task that does nothing, with 300 bytes of arguments and a small result.
struct NoOp: RelierTask {
    static let name = "noop"
    static let payloadBytes = 300
    /// Made once: no task is to pay for it, neither at its push nor where it is decoded.
    private static let payload = String(repeating: "x", count: payloadBytes - #"{"filler":""}"#.utf8.count)
    var filler: String

    init() { filler = Self.payload }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}

/// Which bodies ran in this process.
final class Tally: Sendable {
    static let shared = Tally()

    private struct State {
        var ids: [TaskID] = []
        var target = Int.max
        var failure: (any Error)?
        var waiter: CheckedContinuation<Void, any Error>?
    }
    private let state = Mutex(State())

    /// Forgets what ran before.
    func reset() {
        state.withLock {
            $0.ids = []
            $0.failure = nil
        }
    }

    func ran(_ id: TaskID) {
        let waiter: CheckedContinuation<Void, any Error>? = state.withLock { state in
            state.ids.append(id)
            guard state.ids.count >= state.target else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Nothing will run any more.
    func fail(_ error: any Error) {
        let waiter = state.withLock { state in
            state.failure = error
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(throwing: error)
    }

    /// Suspends until `count` bodies ran since the last reset, and gives their ids in the order of their starts.
    func wait(for count: Int) async throws -> [TaskID] {
        try await withCheckedThrowingContinuation { continuation in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                if state.ids.count >= count { return .success(()) }
                state.target = count
                state.waiter = continuation
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
        return state.withLock { $0.ids }
    }

    var ids: [TaskID] { state.withLock { $0.ids } }
}
