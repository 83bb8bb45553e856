import Synchronization

/// What a worker holds: its attempts until they are settled, its slots, and how far its claims are answered.
final class Holdings: Sendable {
    private struct State {
        var attempts: [TaskID: Attempt] = [:]
        var busySlots = 0
        var settledThrough: Int64 = 0
        /// Rises with every change, so that a waiter sees one that came before it began to wait.
        var version = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// Takes in what a claim brought, and notes that this claim is answered, in one step: no renewal sees one without the other.
    func add(_ attempts: [Attempt], answering claim: Int64) {
        state.withLock { state in
            for attempt in attempts { state.attempts[attempt.id] = attempt }
            state.busySlots += attempts.count
            state.settledThrough = max(state.settledThrough, claim)
        }
    }

    /// The slot's body has returned.
    func freeSlot() {
        poke { $0.busySlots -= 1 }
    }

    /// The engine has answered for this attempt, or it is given up.
    func remove(_ attempt: Attempt) {
        poke { state in
            if state.attempts[attempt.id] === attempt { state.attempts[attempt.id] = nil }
        }
    }

    var busySlots: Int { state.withLock { $0.busySlots } }
    var count: Int { state.withLock { $0.attempts.count } }

    /// What a renewal names.
    var named: (holding: [TaskID: Fence], settledThrough: Int64) {
        state.withLock { ($0.attempts.mapValues(\.fence), $0.settledThrough) }
    }

    var attempts: [Attempt] { state.withLock { Array($0.attempts.values) } }

    func attempt(_ id: TaskID) -> Attempt? { state.withLock { $0.attempts[id] } }

    /// Wakes whoever waits for a change.
    func poke() { poke { _ in } }

    private func poke(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            state.version += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Suspends until `condition` holds; `false` when the time was up, or the caller cancelled, before it did.
    func wait(until deadline: ContinuousClock.Instant, _ condition: (Holdings) -> Bool) async -> Bool {
        while true {
            let seen = state.withLock { $0.version }
            if condition(self) { return true }
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero || Task.isCancelled { return false }
            await awaitChange(since: seen, atMost: left)
        }
    }

    /// Suspends until slots or attempts are freed, the time is up, or the caller is cancelled.
    func awaitChange(atMost time: Duration) async {
        await awaitChange(since: state.withLock { $0.version }, atMost: time)
    }

    private func awaitChange(since seen: Int, atMost time: Duration) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let deadline = ContinuousClock.now + time
        let alarm = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            resume(number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    // An alarm that went off before this found nobody to wake.
                    if state.version != seen || Task.isCancelled || ContinuousClock.now >= deadline { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            resume(number)
        }
        alarm.cancel()
    }

    private func resume(_ number: Int) {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
}
