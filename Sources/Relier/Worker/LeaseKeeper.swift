import Foundation
import Logging
import Synchronization

/// Keeps one incarnation's lease from a thread of its own, which no body can starve.
final class LeaseKeeper: Sendable {
    enum Event: Sendable {
        /// These tasks are somebody else's by now.
        case lost([(task: TaskID, fence: Fence)])
        /// The incarnation is not joined any more.
        case gone
        /// The lease may end soon without a renewal.
        case endangered
        /// The lease is renewed again after it was in danger.
        case safe
        /// The lease has ended without a renewal.
        case ended
    }

    private struct State {
        var stopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// - Parameter onEvent: called on the keeper's thread; must not block.
    init(
        holder: any LeaseHolder, lease: Duration, joinedAt: ContinuousClock.Instant, holdings: Holdings, logger: Logger,
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        let thread = Thread { [self] in
            keep(holder, LeaseWatch(lease: lease, joinedAt: joinedAt), holdings, logger, onEvent)
        }
        thread.name = "relier-lease"
        thread.start()
    }

    /// Ends the thread; the lease is no longer renewed.
    func stop() {
        state.withLock { $0.stopped = true }
        wake.signal()
    }

    private func keep(
        _ holder: any LeaseHolder, _ first: LeaseWatch, _ holdings: Holdings, _ logger: Logger, _ onEvent: @Sendable (Event) -> Void
    ) {
        var watch = first
        var inDanger = false
        let clock = ContinuousClock()
        while true {
            let pause = inDanger ? min(watch.interval, .milliseconds(50)) : watch.interval
            _ = wake.wait(timeout: .now() + pause.inSeconds)
            if state.withLock({ $0.stopped }) { return }
            let sentAt = clock.now
            let named = holdings.named
            do {
                switch try holder.renew(holding: named.holding, settledThrough: named.settledThrough) {
                case .gone:
                    // A process that was paused learns of it here, before its deadline is looked at: it joins anew.
                    onEvent(.gone)
                    return
                case .renewed(let lost, let strays):
                    watch.renewed(sentAt: sentAt)
                    if strays > 0 { logger.warning("\(strays) tasks of an unanswered claim were queued again") }
                    // Under the fences that were named: the worker may have claimed the same task again since.
                    let fenced = lost.compactMap { id in named.holding[id].map { (task: id, fence: $0) } }
                    if !fenced.isEmpty { onEvent(.lost(fenced)) }
                }
            } catch {
                logger.warning("the lease was not renewed: \(error.message)")
            }
            switch watch.order(at: clock.now) {
            case .carryOn:
                if inDanger { onEvent(.safe) }
                inDanger = false
            case .cancelBodies:
                if !inDanger { onEvent(.endangered) }
                inDanger = true
            case .leave:
                onEvent(.ended)
                return
            }
        }
    }
}
