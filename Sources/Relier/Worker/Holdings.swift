import Synchronization

/// What a worker holds: its attempts until they are settled, its slots, and how far its claims are answered.
final class Holdings: Sendable {
    private struct State {
        var attempts: [TaskID: Attempt] = [:]
        /// Bodies that run, the stuck ones among them.
        var bodies = 0
        var stuck = 0
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
            state.bodies += attempts.count
            state.settledThrough = max(state.settledThrough, claim)
        }
    }

    /// A body has returned.
    func bodyReturned(wasStuck: Bool) {
        poke { state in
            state.bodies -= 1
            if wasStuck { state.stuck -= 1 }
        }
    }

    /// A body is counted as stuck: its slot is free again. Answers how many are.
    func noteStuck() -> Int {
        poke { $0.stuck += 1 }
        return stuck
    }

    /// The engine has answered for this attempt, or it is given up.
    func remove(_ attempt: Attempt) {
        poke { state in
            if state.attempts[attempt.id] === attempt { state.attempts[attempt.id] = nil }
        }
    }

    /// Slots taken by bodies that are not stuck.
    var busySlots: Int { state.withLock { $0.bodies - $0.stuck } }
    /// Bodies that run, stuck or not.
    var bodies: Int { state.withLock { $0.bodies } }
    var stuck: Int { state.withLock { $0.stuck } }
    var count: Int { state.withLock { $0.attempts.count } }

    /// What a renewal says. Progress that bodies told is taken along; ``takeBack(_:)`` it when the renewal failed.
    func heartbeat() -> Heartbeat {
        let (attempts, settledThrough, stuck) = state.withLock { ($0.attempts, $0.settledThrough, $0.stuck) }
        return Heartbeat(
            holding: attempts.mapValues(\.fence), settledThrough: settledThrough, stuck: stuck,
            progress: attempts.compactMapValues { $0.takeProgress() })
    }

    func takeBack(_ progress: [TaskID: TaskProgress]) {
        for (id, told) in progress { attempt(id)?.returnProgress(told) }
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
