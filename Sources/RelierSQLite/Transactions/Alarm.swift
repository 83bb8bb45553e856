import Dispatch
import GRDB
import Relier
import Synchronization

/// Goes off when a closure's time is up, and once more when it is still there after as long again.
final class Alarm: Sendable {
    let limit: Duration
    private let watch: TransactionGuard
    private let expired: @Sendable () -> Void
    private let stuck: @Sendable () -> Void
    private let isStopped = Atomic<Bool>(false)

    init(
        limit: Duration, watch: TransactionGuard, expired: @escaping @Sendable () -> Void, stuck: @escaping @Sendable () -> Void
    ) {
        self.limit = limit
        self.watch = watch
        self.expired = expired
        self.stuck = stuck
    }

    func start(on queue: DispatchQueue, _ database: any DatabaseWriter) {
        let start = DispatchTime.now()
        let length = DispatchTimeInterval.microseconds(Int(clamping: limit.microseconds))
        queue.asyncAfter(deadline: start + length) { [self] in
            guard !isStopped.load(ordering: .relaxed), watch.expire(interrupt: { database.interrupt() }) else { return }
            expired()
            queue.asyncAfter(deadline: DispatchTime.now() + length) { [self] in
                if !watch.hasEnded { stuck() }
            }
        }
    }

    /// Spares the queue the work; the guard alone decides whether the time was up first.
    func stop() { isStopped.store(true, ordering: .relaxed) }
}
