import Dispatch
import Foundation
import Logging
import Synchronization

/// Keeps one incarnation's lease from a thread of its own, which no body can starve. Another thread watches the deadline, so that a renewal which
/// hangs cannot hide it.
final class LeaseKeeper: Sendable {
    enum Event: Sendable {
        /// These tasks are somebody else's by now, or were cancelled.
        case lost([(task: TaskID, fence: Fence)])
        /// The incarnation is not joined any more.
        case gone
        /// The lease may end soon without a renewal.
        case endangered
        /// The lease is renewed again after it was in danger, or had ended.
        case safe
        /// The lease has ended without a renewal. The keeper goes on trying.
        case ended
        case ordered(WorkerOrder)
    }

    private struct State {
        var watch: LeaseWatch
        var stopped = false
    }

    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let holder: any LeaseHolder
    private let deadlines: Deadlines
    private let holdings: Holdings
    private let logger: Logger
    private let onEvent: @Sendable (Event) -> Void

    /// How late a look may be. A thread that wakes later than that was not running: the process was stopped, or the machine.
    private static let lateness = Duration.milliseconds(250)

    /// - Parameter onEvent: called on the keeper's threads; must not block.
    /// - Throws: ``POSIXFailure`` when there is no thread for it.
    init(
        holder: any LeaseHolder, lease: Duration, joinedAt: ContinuousClock.Instant, deadlines: Deadlines, holdings: Holdings,
        logger: Logger, onEvent: @escaping @Sendable (Event) -> Void
    ) throws(POSIXFailure) {
        state = Mutex(State(watch: LeaseWatch(lease: lease, joinedAt: joinedAt)))
        self.holder = holder
        self.deadlines = deadlines
        self.holdings = holdings
        self.logger = logger
        self.onEvent = onEvent
        try POSIXThread.start("relier-lease") { [self] in keep() }
        planLook()
    }

    /// Ends the renewals and the watch.
    func stop() {
        state.withLock { $0.stopped = true }
        wake.signal()
    }

    private func keep() {
        while true {
            let isIdle = holdings.attempts.isEmpty
            let (pause, stopped) = state.withLock { ($0.watch.pause(isIdle: isIdle), $0.stopped) }
            if stopped { return }
            _ = wake.wait(timeout: .now() + pause.inSeconds)
            if state.withLock({ $0.stopped }) { return }
            let sentAt = ContinuousClock.now
            let heartbeat = holdings.heartbeat()
            do {
                switch try holder.renew(heartbeat) {
                case .gone:
                    stop()
                    onEvent(.gone)
                    return
                case .renewed(let lost, let strays, let order):
                    if state.withLock({ $0.watch.renewed(sentAt: sentAt, now: .now) }) { onEvent(.safe) }
                    if strays > 0 { logger.warning("\(strays) tasks of an unanswered claim were queued again") }
                    // Under the fences that were named: the worker may have claimed the same task again since.
                    let fenced = lost.compactMap { id in heartbeat.holding[id].map { (task: id, fence: $0) } }
                    if !fenced.isEmpty { onEvent(.lost(fenced)) }
                    if let order { onEvent(.ordered(order)) }
                }
            } catch {
                holdings.takeBack(heartbeat.progress)
                logger.warning("the lease was not renewed: \(error.message)")
            }
        }
    }

    private func planLook(isSecond: Bool = false) {
        let (time, stopped) = state.withLock { ($0.watch.nextLook, $0.stopped) }
        if stopped { return }
        let planned = max(time, .now + .milliseconds(isSecond ? 100 : 10))
        deadlines.at(planned) { [weak self] in self?.look(planned: planned, isSecond: isSecond) }
    }

    private func look(planned: ContinuousClock.Instant, isSecond: Bool) {
        let now = ContinuousClock.now
        // After a pause of the whole process the renewal comes first: it tells whether others have the tasks.
        if now - planned > Self.lateness && !isSecond { return planLook(isSecond: true) }
        let (phase, stopped) = state.withLock { ($0.stopped ? nil : $0.watch.look(at: now), $0.stopped) }
        if stopped { return }
        switch phase {
        case .endangered: onEvent(.endangered)
        case .ended: onEvent(.ended)
        default: break
        }
        planLook()
    }
}
