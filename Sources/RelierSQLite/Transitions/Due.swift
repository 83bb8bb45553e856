import GRDB
import Relier

extension Store {
    /// How far ahead a scheduled task is announced to waiting workers: beyond it, they find it by themselves in time.
    private static let announced = Bell.fallback * 2

    /// Queues what is due in these queues but the paused ones, at most `limit` tasks of each; answers how many are ready in which queue, and for which shares
    /// it came to the limit.
    ///
    /// Costs one look at an index while nothing is due in any queue.
    func promoteDue(in shares: [QueueShare], limit: Int) throws -> (ready: [Int64: Int], bounded: Set<Int>) {
        let wall = clock.wall
        guard try isAnythingDue(wall: wall) else { return ([:], []) }
        var ready: [Int64: Int] = [:]
        var bounded: Set<Int> = []
        for (index, share) in shares.enumerated() where share.queue != .requeue {
            guard let queue = try existingNumber(of: share.queue) else { continue }
            if try anyPaused && db.isPaused(queue) { continue }
            var count = 0
            for (isWall, until) in [(Int64(0), now.microseconds), (1, wall)] where count < limit {
                let promoted = try db.rows(
                    """
                    UPDATE task SET state = 0, wall = 0 WHERE seq IN
                      (SELECT seq FROM task WHERE state = 1 AND queue = ? AND wall = ? AND due <= ? ORDER BY due LIMIT ?)
                    RETURNING seq, flags
                    """, .int(queue), .int(isWall), .int(until), .int(limit - count)
                ) { (seq: $0.int(0), isLimited: $0.int(1) & Flag.limited != 0) }
                count += promoted.count
                for task in promoted {
                    if task.isLimited { try enter(task.seq) } else { ready[queue, default: 0] += 1 }
                }
            }
            if count >= limit { bounded.insert(index) }
        }
        try openGates()
        return (ready, bounded)
    }

    private func isAnythingDue(wall: Int64) throws -> Bool {
        hot.due.bind(1, now.microseconds)
        hot.due.bind(2, wall)
        defer { hot.due.reset() }
        return try hot.due.step()
    }

    /// Has waiting workers told of a task that will be due after `pause`, if they would not look before.
    func announceDue(after pause: Duration, in queue: Int64) {
        if pause < Self.announced { effects.due.insert(queue) }
    }
}

extension Database {
    /// How long until the next scheduled task of the queue is due, at most a year; zero or less when one is due; `nil` when none is scheduled.
    func pauseUntilDue(queue: Int64, _ clock: EngineClock) throws -> Duration? {
        var first: Duration?
        for (isWall, now) in [(Int64(0), clock.now.microseconds), (1, clock.wall)] {
            let due = try row(
                "SELECT min(due) FROM task WHERE state = 1 AND queue = ? AND wall = ?", .int(queue), .int(isWall),
                transform: { $0.intOrNull(0) })
            guard let due = due ?? nil else { continue }
            let (pause, overflow) = due.subtractingReportingOverflow(now)
            let bounded = overflow ? (due < 0 ? Duration.zero : .days(365)) : min(.microseconds(pause), .days(365))
            first = min(first ?? bounded, bounded)
        }
        return first
    }
}
