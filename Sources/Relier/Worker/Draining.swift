import Logging
import Synchronization

extension WorkerSession {
    /// Lets bodies finish, asks those left to stop, and hands over what still runs, all within the grace period. A hand-over order shortens it to nothing.
    func drain(from order: Signal) async {
        let start = ContinuousClock.now
        let grace = order == .handOver ? Duration.zero : settings.gracePeriod
        // Time for bodies to obey, and for the hand-over itself.
        let tail = min(.seconds(2), grace / 4)
        if order != .finished { logger.info("draining: \(holdings.count) tasks held, up to \(grace.inSeconds) s for them") }
        if await !attemptsSettled(by: start + grace - tail) {
            for attempt in holdings.attempts { attempt.cancel(draining: true) }
            _ = await attemptsSettled(by: order == .handOver ? .now + .milliseconds(200) : start + grace - tail / 2)
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
}
