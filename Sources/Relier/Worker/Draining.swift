import Logging
import Synchronization

extension WorkerSession {
    /// Lets bodies finish, runs the soft-timeout hooks of those left, asks them to stop, and hands over what still runs, all within the grace period.
    /// A hand-over order shortens it to nothing.
    func drain(from order: Signal) async {
        let start = ContinuousClock.now
        let grace = order == .handOver ? Duration.zero : settings.gracePeriod
        // Half of it for hooks, a quarter for bodies to obey, the rest for the hand-over itself.
        let tail = min(.seconds(5), grace / 3)
        if order != .finished { logger.info("draining: \(holdings.count) tasks held, up to \(grace.inSeconds) s for them") }
        if await !attemptsSettled(by: start + grace - tail) {
            await runHooks(until: start + grace - tail / 2)
            for attempt in holdings.attempts { attempt.cancel(draining: true) }
            _ = await attemptsSettled(by: order == .handOver ? .now + .milliseconds(200) : start + grace - tail / 4)
        }
        for attempt in holdings.attempts where attempt.end(.handOver) {
            committer.add(.settle(attempt, .handBack))
        }
        _ = await holdings.wait(until: max(.now + .seconds(1), start + grace)) { $0.count == 0 }
    }

    /// Waits until nothing is held, or the time is up, or a second order makes the drain a hand-over.
    private func attemptsSettled(by deadline: ContinuousClock.Instant) async -> Bool {
        await holdings.wait(until: deadline) { [self] in $0.count == 0 || hurried.withLock { $0 } } && holdings.count == 0
    }

    /// Gives every body that is left its soft-timeout hook, so that progress kept in memory is saved before the hand-over.
    private func runHooks(until deadline: ContinuousClock.Instant) async {
        if hurried.withLock({ $0 }) { return }
        let hooks = holdings.attempts.compactMap { $0.startSoftHook() }
        if hooks.isEmpty { return }
        let left = Countdown(hooks.count)
        let waiting = hooks.map { hook in
            Task { [holdings] in
                await hook.value
                left.step()
                holdings.poke()
            }
        }
        _ = await holdings.wait(until: deadline) { [self] in
            left.isOver || $0.count == 0 || hurried.withLock { $0 }
        }
        for task in waiting { task.cancel() }
    }
}

private final class Countdown: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }
    func step() { left.withLock { $0 -= 1 } }
    var isOver: Bool { left.withLock { $0 <= 0 } }
}
