import Foundation
import Relier

extension EngineConformance {
    static let limitChangeChecks: [Check] = [
        Check("aRaisedLimitLetsMoreStart") { try await $0.aRaisedLimitLetsMoreStart() },
        Check("aLoweredLimitLetsRunningTasksEnd") { try await $0.aLoweredLimitLetsRunningTasksEnd() },
        Check("aLimitThatIsNoMoreLimitsNothing") { try await $0.aLimitThatIsNoMoreLimitsNothing() },
        Check("aWorkersLimitGoesBeforeAPushs") { try await $0.aWorkersLimitGoesBeforeAPushs() },
        Check("scheduledTasksKeepToTheLimit") { try await $0.scheduledTasksKeepToTheLimit() },
        Check("whatNobodyCanRunHoldsNoSlot") { try await $0.whatNobodyCanRunHoldsNoSlot() },
        Check("aRateIsNeverExceeded") { try await $0.aRateIsNeverExceeded() },
        Check("aRateCountsActualStarts") { try await $0.aRateCountsActualStarts() },
        Check("aRateCountsEveryStart") { try await $0.aRateCountsEveryStart() },
        Check("otherKeysPassARate") { try await $0.otherKeysPassARate() },
        Check("rateAndConcurrencyHoldTogether") { try await $0.rateAndConcurrencyHoldTogether() },
    ]

    /// When a worker joins whose version allows more, what waits goes on, of every key.
    public func aRaisedLimitLetsMoreStart() async throws {
        try await scene { scene in
            let old = try await scene.join(limits: [.perKey(1)])
            try await scene.accept((0..<10).map { scene.limited($0.isMultiple(of: 2) ? "a" : "b", .perKey(1)) })
            try scene.expect(try await old.claim().count, is: 2, "tasks claimed under the old limit")
            _ = try await scene.join(limits: [.perKey(3)], on: scene.other)
            try scene.expect(try await old.claim().count, is: 4, "tasks claimed once a worker with a higher limit has joined")
            try scene.expect(try await old.claim().count, is: 0, "tasks claimed beyond the new limit")
        }
    }

    /// When a worker joins whose version allows fewer, nothing starts until fewer run, also of what was queued already.
    public func aLoweredLimitLetsRunningTasksEnd() async throws {
        try await scene { scene in
            let old = try await scene.join(limits: [.perKey(4)])
            try await scene.accept((0..<8).map { _ in scene.limited("x", .perKey(4)) })
            var running = try await old.claim(3)
            _ = try await scene.join(limits: [.perKey(2)], on: scene.other)
            try scene.expect(try await old.claim().count, is: 0, "tasks claimed while more run than are allowed now")
            try await old.commit(running.removeFirst())
            try scene.expect(try await old.claim().count, is: 0, "tasks claimed while as many run as are allowed now")
            var ended = 1
            while !running.isEmpty {
                try await old.commit(running.removeFirst())
                ended += 1
                running += try await old.claim()
                try scene.expect(running.count <= 2, "no more than two run; \(running.count) do")
            }
            try scene.expect(ended, is: 8, "tasks that ended")
        }
    }

    /// When a worker joins whose version has the limit no more, all that waits goes on.
    public func aLimitThatIsNoMoreLimitsNothing() async throws {
        try await scene { scene in
            let old = try await scene.join(limits: [.perKey(1)])
            try await scene.accept((0..<20).map { _ in scene.limited("x", .perKey(1)) })
            try scene.expect(try await old.claim().count, is: 1, "tasks claimed under the limit")
            let new = try await scene.join(limits: [], on: scene.other)
            try scene.expect(try await new.claim().count, is: 19, "tasks claimed once the limit is no more")
        }
    }

    /// Until a worker has declared the limit the latest push decides; then workers do, so that an old pusher changes nothing.
    public func aWorkersLimitGoesBeforeAPushs() async throws {
        try await scene { scene in
            try await scene.accept((0..<3).map { _ in scene.limited("x", .perKey(1)) })
            try await scene.accept((0..<9).map { _ in scene.limited("x", .perKey(2)) })
            let worker = try await scene.join([
                TaskKind(name: "other", version: 1), TaskKind(name: "work", version: 1, limits: [.perKey(2)]),
            ])
            try scene.expect(try await worker.claim().count, is: 2, "tasks claimed under the latest push's limit")
            let newer = try await scene.join(limits: [.perKey(3)])
            try await scene.accept(scene.limited("x", .perKey(1)))
            try scene.expect(try await newer.claim().count, is: 1, "tasks claimed under the worker's limit of three")
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed beyond it")
        }
    }

    /// What is promoted goes through its limits like what is pushed.
    public func scheduledTasksKeepToTheLimit() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let worker = try await scene.join(limits: [rule])
            try await scene.accept((0..<6).map { _ in scene.limited("x", [rule], due: .after(.seconds(30))) })
            try await scene.advance(.minutes(1))
            try await scene.tend()
            var ended = 0
            while case let tasks = try await worker.claim(), !tasks.isEmpty {
                try scene.expect(tasks.count, is: 2, "promoted tasks of one key claimed")
                for task in tasks { try await worker.commit(task) }
                ended += tasks.count
            }
            try scene.expect(ended, is: 6, "tasks that ended")
        }
    }

    /// A task that no live worker can run keeps no slot from those that can be run.
    public func whatNobodyCanRunHoldsNoSlot() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let worker = try await scene.join(limits: [rule])
            let newer = try await scene.accept(scene.limited("x", [rule], version: 2))
            let id = try await scene.accept(scene.limited("x", rule))
            var claimed: [ClaimedTask] = []
            for _ in 0..<3 where claimed.isEmpty { claimed = try await worker.claim() }
            try scene.expect(claimed.map(\.id), is: [id], "tasks claimed from behind one that nobody can run")
            let modern = try await scene.join(limits: [rule], version: 2)
            try scene.expect(try await modern.claim().count, is: 0, "tasks claimed while the key is full")
            try await worker.commit(claimed[0])
            try await modern.commit(try await modern.claim(newer))
        }
    }

    /// In no stretch of the window more start than are allowed: the next start waits until the oldest that counts is a whole window old.
    public func aRateIsNeverExceeded() async throws {
        try await scene { scene in
            let rule = LimitRule.rate(3, every: .seconds(60))
            let worker = try await scene.join(limits: [rule])
            let ids = try await scene.accept((0..<20).map { _ in scene.limited("x", rule) })
            var starts: [EngineTime] = []
            var order: [TaskID] = []
            for _ in 0..<200 where order.count < 20 {
                let tasks = try await worker.claim()
                for task in tasks {
                    starts.append(try await scene.engine.now())
                    order.append(task.id)
                    try await worker.commit(task)
                }
                try await scene.advance(.seconds(7))
                try await scene.tend()
            }
            try scene.expect(order, is: ids, "order of the starts")
            for (first, fourth) in zip(starts, starts.dropFirst(3)) {
                // The clock may go on by itself between a claim and the look at it.
                try scene.expect(fourth - first >= .seconds(59), "three starts at most in 60 s; the fourth came after \(fourth - first)")
                try scene.expect(fourth - first <= .seconds(75), "the fourth start comes when it may; it came after \(fourth - first)")
            }
        }
    }

    /// Tasks that could have started long ago start at the rate all the same once there is a worker.
    public func aRateCountsActualStarts() async throws {
        try await scene { scene in
            let rule = LimitRule.rate(5, every: .seconds(10))
            try await scene.accept((0..<30).map { _ in scene.limited("x", rule) })
            for _ in 0..<10 {
                try await scene.advance(.minutes(1))
                try await scene.tend()
            }
            let worker = try await scene.join(limits: [rule])
            try scene.expect(try await worker.claim().count, is: 5, "tasks claimed after nobody had claimed for long")
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed in the same window")
            try await scene.advance(.seconds(11))
            // Without housekeeping, too.
            try scene.expect(try await worker.claim().count, is: 5, "tasks claimed in the next window")
            let waiting = try scene.unwrap(try await scene.engine.tasks(TaskQuery(state: .waiting)).items.first, "a task that waits")
            let due = try scene.unwrap(try await scene.details(of: waiting.id).due, "when its key may start again")
            let now = try await scene.engine.now()
            try scene.expect(due - now > .seconds(5) && due - now <= .seconds(10), "that is in at most 10 s; it is in \(due - now)")
        }
    }

    /// Retries and recoveries start, so they count; ends free nothing.
    public func aRateCountsEveryStart() async throws {
        try await scene { scene in
            let rule = LimitRule.rateInAll(3, every: .seconds(60))
            let doomed = try await scene.join(limits: [rule])
            let id = try await scene.accept(scene.limited("x", rule))
            try await doomed.retry(try await doomed.claim(id))
            _ = try await doomed.claim(id)
            try await scene.die(doomed)
            let worker = try await scene.join(limits: [rule], on: scene.other)
            try await worker.commit(try await worker.claim(id))
            let next = try await scene.accept(scene.limited("y", rule))
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed after three starts")
            try await scene.advance(.seconds(61))
            try await scene.tend()
            try await worker.commit(try await worker.claim(next))
        }
    }

    /// A key that has used up its rate holds up no other, and waits without work for anybody.
    public func otherKeysPassARate() async throws {
        try await scene { scene in
            let rule = LimitRule.rate(1, every: .hours(1))
            let worker = try await scene.join(limits: [rule, .inAll(2)])
            try await scene.accept((0..<500).map { _ in scene.limited("flood", [rule, .inAll(2)]) })
            let other = try await scene.accept(scene.limited("other", [rule, .inAll(2)]))
            let claimed = try await worker.claim()
            try scene.expect(claimed.count, is: 2, "tasks claimed, one of each key")
            try scene.expect(claimed.last?.id, is: other, "the other key's task")
            for task in claimed { try await worker.commit(task) }
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed before the hour is over")
            let report = try await scene.engine.tend(batch: 100, unregisteredAfter: nil)
            let next = try scene.unwrap(report.nextDue, "the housekeeping says when the next task is due")
            let now = try await scene.engine.now()
            try scene.expect(next - now > .minutes(50) && next - now <= .hours(1), "that is in an hour; it is in \(next - now)")
            await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(20))
        }
    }

    /// A key with both limits keeps both, and loses no turn between them.
    public func rateAndConcurrencyHoldTogether() async throws {
        try await scene { scene in
            let rules = [LimitRule.perKey(2), .rate(3, every: .seconds(10)), .inAll(10)]
            let worker = try await scene.join(limits: rules)
            try await scene.accept((0..<12).map { _ in scene.limited("x", rules) })
            var running = try await worker.claim()
            try scene.expect(running.count, is: 2, "tasks claimed at first, as many as may run at once")
            try await worker.commit(running.removeFirst())
            running += try await worker.claim()
            try scene.expect(running.count, is: 2, "tasks that run after one ended, three have started")
            for task in running { try await worker.commit(task) }
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed after three starts")
            var ended = 3
            for _ in 0..<40 where ended < 12 {
                try await scene.advance(.seconds(5))
                try await scene.tend()
                let tasks = try await worker.claim()
                try scene.expect(tasks.count <= 2, "no more than two at once; \(tasks.count) run")
                for task in tasks { try await worker.commit(task) }
                ended += tasks.count
            }
            try scene.expect(ended, is: 12, "tasks that ended")
        }
    }
}
