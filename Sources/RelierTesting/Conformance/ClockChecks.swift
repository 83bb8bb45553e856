import Foundation
import Relier

extension EngineConformance {
    static let clockChecks: [Check] = [
        Check("aDelayHoldsATaskBack") { try await $0.aDelayHoldsATaskBack() },
        Check("aPastDelayOrDateStartsAtOnce") { try await $0.aPastDelayOrDateStartsAtOnce() },
        Check("aDateHoldsATaskBack") { try await $0.aDateHoldsATaskBack() },
        Check("dueTasksArePromotedOnceByManyTenders") { try await $0.dueTasksArePromotedOnceByManyTenders() },
        Check("aBoundedTendLeavesTheRest") { try await $0.aBoundedTendLeavesTheRest() },
        Check("theEngineClockGoesOn") { try await $0.theEngineClockGoesOn() },
        Check("aWallClockJumpMovesNoDelay", needs: .separateWallClock) { try await $0.aWallClockJumpMovesNoDelay() },
        Check("aWallClockJumpMovesDates", needs: .separateWallClock) { try await $0.aWallClockJumpMovesDates() },
        Check("aWallClockJumpEndsNoKeyAndNoLease", needs: .separateWallClock) { try await $0.aWallClockJumpEndsNoKeyAndNoLease() },
    ]

    /// A delayed task is scheduled until its delay is over on the engine's clock, and is promoted by `tend`.
    public func aDelayHoldsATaskBack() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let start = try await scene.engine.now()
            let id = try await scene.accept(scene.task(due: .after(.seconds(600))))
            try await scene.expectState(.scheduled, of: id, "after a push with a delay")
            try await scene.advance(.seconds(300))
            let early = try await scene.tend()
            try scene.expect(early.promoted, is: 0, "tasks promoted before they are due")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim before they are due")
            let due = try scene.unwrap(early.nextDue, "when the next scheduled task is due")
            try scene.expect(
                start + .seconds(599) <= due && due <= start + .seconds(610),
                "nextDue is the task's due time; it is \(due - start) off the push")
            try await scene.advance(.seconds(301))
            try scene.expect(try await scene.tend().promoted, is: 1, "tasks promoted when due")
            try await scene.expectState(.queued, of: id, "after its promotion")
            try await worker.commit(try await worker.claim(id))
        }
    }

    /// A delay of zero or less, or a date in the past, is no delay.
    public func aPastDelayOrDateStartsAtOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let past = try await scene.subject.wallClock().addingTimeInterval(-3600)
            let ids = try await scene.accept([
                scene.task(due: .after(.zero)), scene.task(due: .after(.seconds(-5))), scene.task(due: .at(past)),
            ])
            try scene.expect(Set(try await worker.claim().map(\.id)), is: Set(ids), "tasks to claim at once")
        }
    }

    /// A task with a date is promoted when the wall clock shows it.
    public func aDateHoldsATaskBack() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let date = try await scene.subject.wallClock().addingTimeInterval(3600)
            let id = try await scene.accept(scene.task(due: .at(date)))
            try await scene.advance(.seconds(1800))
            try scene.expect(try await scene.tend().promoted, is: 0, "tasks promoted before their date")
            try await scene.expectState(.scheduled, of: id, "before its date")
            try await scene.advance(.seconds(1801))
            try scene.expect(try await scene.tend().promoted, is: 1, "tasks promoted at their date")
            _ = try await worker.claim(id)
        }
    }

    /// Any number of processes may tend at once: a due task is promoted once.
    public func dueTasksArePromotedOnceByManyTenders() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept((0..<100).map { _ in scene.task(due: .after(.seconds(5))) })
            try await scene.advance(.seconds(6))
            let promoted = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        var sum = 0
                        while true {
                            let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                            let report = try await engine.tend(batch: 10, unregisteredAfter: nil)
                            sum += report.promoted
                            if !report.remaining { return sum }
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            try scene.expect(promoted, is: 100, "promotions of 100 tasks")
            let claimed = try await worker.claim(200).map(\.id)
            try scene.expect(claimed.count, is: 100, "tasks to claim after that")
            try scene.expect(Set(claimed), is: Set(ids), "tasks claimed")
        }
    }

    /// `tend` does at most `batch` of a kind and says when something is left.
    public func aBoundedTendLeavesTheRest() async throws {
        try await scene { scene in
            try await scene.accept((0..<7).map { _ in scene.task(due: .after(.seconds(5))) })
            try await scene.advance(.seconds(6))
            var sizes: [Int] = []
            var remaining = true
            while remaining && sizes.count < 20 {
                let report = try await scene.engine.tend(batch: 3, unregisteredAfter: nil)
                sizes.append(report.promoted)
                remaining = report.remaining
            }
            try scene.expect(sizes.reduce(0, +), is: 7, "tasks promoted by calls of \(sizes)")
            try scene.expect(sizes.allSatisfy { $0 <= 3 }, "no call promotes more than its batch of 3; found \(sizes)")
        }
    }

    /// The engine's clock moves by what has passed and never back, and all handles see the same.
    public func theEngineClockGoesOn() async throws {
        try await scene { scene in
            let start = try await scene.engine.now()
            try await scene.advance(.hours(2))
            let later = try await scene.engine.now()
            try scene.expect(later - start >= .hours(2) && later - start < .hours(3), "two hours pass; found \(later - start)")
            let other = try await scene.other.now()
            try scene.expect(
                other >= later && other - later < .minutes(10), "another handle shows the same time; it is \(other - later) off")
        }
    }

    /// Setting the wall clock neither starts nor postpones what was delayed, and does not move the engine's clock.
    public func aWallClockJumpMovesNoDelay() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let start = try await scene.engine.now()
            let delayed = try await scene.accept(scene.task(due: .after(.hours(1))))
            let retried = try await scene.start(scene.task(), on: worker)
            try await worker.retry(retried, after: .hours(1))
            // One task with a date, so that there is something to promote and the rest has to be told from it.
            let date = try await scene.subject.wallClock().addingTimeInterval(86_400 * 200)
            let dated = try await scene.accept(scene.task(due: .at(date)))
            try await scene.jumpWallClock(.days(400))
            try scene.expect(try await scene.tend().promoted, is: 1, "tasks promoted by setting the wall clock forward")
            try await worker.commit(try await worker.claim(dated))
            try await scene.jumpWallClock(.days(-800))
            try scene.expect(try await scene.tend().promoted, is: 0, "tasks promoted by setting the wall clock back")
            let after = try await scene.engine.now() - start
            try scene.expect(after >= .zero && after < .minutes(10), "the engine's clock does not jump; it moved by \(after)")
            try await scene.advance(.minutes(61))
            try scene.expect(try await scene.tend().promoted, is: 2, "tasks promoted when due")
            let claimed = try await worker.claim().map(\.id)
            try scene.expect(Set(claimed), is: [delayed, retried.id], "tasks claimed")
            try scene.expect(claimed.count, is: 2, "claims")
        }
    }

    /// Dates follow the wall clock: a jump forward makes them due, a jump back postpones them, and either promotes a task once.
    public func aWallClockJumpMovesDates() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let now = try await scene.subject.wallClock()
            let near = try await scene.accept(scene.task(due: .at(now.addingTimeInterval(3600))))
            try await scene.jumpWallClock(.hours(-2))
            try await scene.advance(.minutes(61))
            try scene.expect(try await scene.tend().promoted, is: 0, "tasks promoted before the wall clock shows their date")
            try await scene.jumpWallClock(.hours(2))
            try scene.expect(try await scene.tend().promoted, is: 1, "tasks promoted after the jump forward")
            try await scene.jumpWallClock(.hours(-2))
            try scene.expect(try await scene.tend().promoted, is: 0, "tasks promoted again after a jump back")
            try await worker.commit(try await worker.claim(near))
            try scene.expect(try await worker.claim().count, is: 0, "tasks left to claim")
        }
    }

    /// Setting the wall clock ends neither a key's nor a result's time to live, nor a lease.
    public func aWallClockJumpEndsNoKeyAndNoLease() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let done = try await scene.start(scene.task(key: "k", keyTTL: .hours(1), resultTTL: .hours(1)), on: worker)
            try await worker.commit(done, "7")
            let running = try await scene.start(scene.task(), on: worker)
            try await scene.jumpWallClock(.days(365))
            try await scene.tend()
            try scene.expect(try await scene.push(scene.task(key: "k")), is: .duplicate(by: done.id), "a push with the key after the jump")
            try scene.expect(
                try await scene.engine.status(of: [done.id])[done.id]?.result, is: Data("7".utf8), "the result after the jump")
            let sighting = try await scene.engine.leases().first { $0.incarnation == worker.incarnation }
            try scene.expect(sighting?.holderGone, is: false, "whether the holder counts as gone after the jump")
            try await worker.commit(running)
        }
    }
}
