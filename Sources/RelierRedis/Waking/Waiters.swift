import Relier
import Synchronization

/// Who waits in this process, for work or for the ends of tasks, by tickets.
final class Waiters: Sendable {
    private struct Waiter {
        var ids: [TaskID]
        var isFired = false
        /// The partition that woke it.
        var origin: Int?
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var next: UInt64 = 1
        var waiters: [UInt64: Waiter] = [:]
        var byTask: [TaskID: Set<UInt64>] = [:]
        var isClosed = false

        mutating func fire(_ ticket: UInt64, from origin: Int? = nil) -> CheckedContinuation<Void, Never>? {
            guard waiters[ticket] != nil else { return nil }
            waiters[ticket]?.isFired = true
            if let origin { waiters[ticket]?.origin = origin }
            let continuation = waiters[ticket]?.continuation
            waiters[ticket]?.continuation = nil
            return continuation
        }
    }

    private let state = Mutex(State())

    /// A ticket: what fires it before ``sleep(_:until:)`` is not lost.
    func arm(for ids: [TaskID]) -> UInt64 {
        state.withLock { state in
            let ticket = state.next
            state.next += 1
            state.waiters[ticket] = Waiter(ids: ids, isFired: state.isClosed)
            for id in ids { state.byTask[id, default: []].insert(ticket) }
            return ticket
        }
    }

    func disarm(_ ticket: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiters.removeValue(forKey: ticket) else { return nil }
            for id in waiter.ids {
                state.byTask[id]?.remove(ticket)
                if state.byTask[id]?.isEmpty == true { state.byTask[id] = nil }
            }
            return waiter.continuation
        }
        continuation?.resume()
    }

    func fire(_ ticket: UInt64, from origin: Int? = nil) {
        let continuation = state.withLock { $0.fire(ticket, from: origin) }
        continuation?.resume()
    }

    /// The partition whose work the ticket was fired for; `nil` where that is not known.
    func origin(of ticket: UInt64) -> Int? { state.withLock { $0.waiters[ticket]?.origin } }

    /// The task has ended.
    func fire(ended id: TaskID) {
        let continuations = state.withLock { state in (state.byTask[id] ?? []).compactMap { state.fire($0) } }
        for continuation in continuations { continuation.resume() }
    }

    /// Everybody has to look again.
    func fireAll() {
        let continuations = state.withLock { state in Array(state.waiters.keys).compactMap { state.fire($0) } }
        for continuation in continuations { continuation.resume() }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        fireAll()
    }

    /// Suspends until the ticket is fired, the caller is cancelled, or the time has come. Answers whether it was fired.
    @discardableResult
    func sleep(_ ticket: UInt64, until deadline: ContinuousClock.Instant) async -> Bool {
        let wasCancelled = Atomic(false)
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            wasCancelled.store(true, ordering: .relaxed)
            fire(ticket)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state -> Bool in
                    guard let waiter = state.waiters[ticket], !waiter.isFired else { return true }
                    state.waiters[ticket]?.continuation = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wasCancelled.store(true, ordering: .relaxed)
            fire(ticket)
        }
        timer.cancel()
        return !wasCancelled.load(ordering: .relaxed)
    }
}
