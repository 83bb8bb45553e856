import Foundation
import Relier

extension EngineConformance {
    static let dueChecks: [Check] = [
        Check("aClaimTakesWhatIsDueWithoutATend") { try await $0.aClaimTakesWhatIsDueWithoutATend() },
        Check("aClaimTakesOnlyWhatIsDue") { try await $0.aClaimTakesOnlyWhatIsDue() },
        Check("dueTasksAreClaimedOnceByManyWorkers") { try await $0.dueTasksAreClaimedOnceByManyWorkers() },
        Check("aDueTaskThatTheWorkerDoesNotKnowHoldsUpNothing") { try await $0.aDueTaskThatTheWorkerDoesNotKnowHoldsUpNothing() },
        Check("dueTasksThatALimitHoldsBackCostNoQueueItsShare") { try await $0.dueTasksThatALimitHoldsBackCostNoQueueItsShare() },
        Check("awaitWorkWakesAtTheDueTime") { try await $0.awaitWorkWakesAtTheDueTime() },
        Check("anEarlierPushShortensTheWait") { try await $0.anEarlierPushShortensTheWait() },
        Check("awaitWorkSleepsOverWhatIsDueElsewhere") { try await $0.awaitWorkSleepsOverWhatIsDueElsewhere() },
    ]

    /// A delay, a date and the pause before a retry end by themselves: no housekeeping has to come first.
    public func aClaimTakesWhatIsDueWithoutATend() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let date = try await scene.subject.wallClock().addingTimeInterval(600)
            let retried = try await scene.start(scene.task(), on: worker)
            try await worker.retry(retried, after: .seconds(600))
            let delayed = try await scene.accept(scene.task(due: .after(.seconds(600))))
            let dated = try await scene.accept(scene.task(due: .at(date)))
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim before they are due")
            try await scene.advance(.seconds(601))
            let claimed = try await worker.claim()
            try scene.expect(Set(claimed.map(\.id)), is: [retried.id, delayed, dated], "tasks to claim when due")
            try scene.expect(claimed.count, is: 3, "claims")
            for task in claimed { try await worker.commit(task) }
            try scene.expect(try await scene.tend().promoted, is: 0, "tasks promoted after that")
        }
    }

    /// More is looked for in a queue that has had less than its share before anything of that goes to another.
    public func dueTasksThatALimitHoldsBackCostNoQueueItsShare() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let worker = try await scene.join(limits: [rule], queues: ["busy", "held"])
            let running = try await scene.accept(scene.limited("x", [rule], queue: "held"))
            try scene.expect(try await worker.claim().map(\.id), is: [running], "the task that fills the limit")
            try await scene.accept((1...20).map { scene.limited("x", [rule], queue: "held", due: .after(.seconds(Int64($0)))) })
            let free = try await scene.accept((0..<2).map { _ in scene.task(queue: "held", due: .after(.seconds(60))) })
            try await scene.accept((0..<10).map { _ in scene.task(queue: "busy") })
            try await scene.advance(.seconds(61))
            let claimed = try await worker.claim(
                shares: [QueueShare(queue: "busy", slots: 2), QueueShare(queue: "held", slots: 2)], limit: 4)
            try scene.expect(claimed.count { $0.queue == "busy" }, is: 2, "tasks of the busy queue")
            try scene.expect(
                Set(claimed.filter { $0.queue == "held" }.map(\.id)), is: Set(free), "tasks of the queue whose first ones are held back")
        }
    }

    /// What is scheduled for later, or in a queue that was not asked for, stays where it is.
    public func aClaimTakesOnlyWhatIsDue() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["a", "b"])
            let date = try await scene.subject.wallClock().addingTimeInterval(3600)
            let (early, other) = (
                try await scene.accept(scene.task(queue: "a", due: .after(.seconds(60)))),
                try await scene.accept(scene.task(queue: "b", due: .after(.seconds(60))))
            )
            let late = try await scene.accept([
                scene.task(queue: "a", due: .after(.seconds(3600))), scene.task(queue: "a", due: .at(date)),
            ])
            try await scene.advance(.seconds(61))
            let claimed = try await worker.claim(shares: [QueueShare(queue: "a", slots: 10)], limit: 10).map(\.id)
            try scene.expect(claimed, is: [early], "tasks claimed of one queue")
            for id in late { try await scene.expectState(.scheduled, of: id, "before it is due") }
            try await scene.expectState(.scheduled, of: other, "in a queue that nobody asked for")
            try scene.expect(
                try await worker.claim(shares: [QueueShare(queue: "b", slots: 10)], limit: 10).map(\.id), is: [other],
                "tasks claimed of the other queue")
        }
    }

    /// However many workers claim what is due at once, each task is claimed once, and none is left.
    public func dueTasksAreClaimedOnceByManyWorkers() async throws {
        try await scene { scene in
            let workers = [try await scene.join(), try await scene.join(on: scene.other)]
            let ids = try await scene.accept((0..<100).map { _ in scene.task(due: .after(.seconds(5))) })
            try await scene.advance(.seconds(6))
            let claimed = try await withThrowingTaskGroup(of: [TaskID].self) { group in
                for worker in workers {
                    group.addTask {
                        var mine: [TaskID] = []
                        while true {
                            let tasks = try await worker.claim(7)
                            if tasks.isEmpty { return mine }
                            mine += tasks.map(\.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try scene.expect(claimed.count, is: 100, "claims of 100 due tasks")
            try scene.expect(Set(claimed), is: Set(ids), "tasks claimed")
        }
    }

    /// A due task of an unknown name is passed over like any other.
    public func aDueTaskThatTheWorkerDoesNotKnowHoldsUpNothing() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let stranger = try await scene.accept(scene.task("stranger", due: .after(.seconds(5))))
            let known = try await scene.accept(scene.task(due: .after(.seconds(5))))
            try await scene.advance(.seconds(6))
            try scene.expect(try await worker.claim(1).map(\.id), is: [known], "the due task that this worker knows")
            _ = try await worker.claim()
            try await scene.expectState(.parked, of: stranger, "after a claim by a worker that does not know it")
        }
    }

    /// A waiting worker wakes when a delayed task, or one with a date, becomes due.
    public func awaitWorkWakesAtTheDueTime() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for round in 0..<6 {
                let date = try await scene.subject.wallClock().addingTimeInterval(0.2)
                let new = scene.task(due: round.isMultiple(of: 2) ? .after(.milliseconds(200)) : .at(date))
                _ = try await scene.other.push([new])
                async let wait: Void = scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60))
                // Lets the wait begin; the check holds as well when it has not.
                try await Task.sleep(for: .milliseconds(20))
                try await scene.advance(.milliseconds(201))
                let start = ContinuousClock.now
                await wait
                try scene.expectPrompt("an idle worker wakes when a task is due", since: start)
                try await scene.eventually("the task is due when the worker was woken") {
                    guard let task = try await worker.claim(1).first else { return false }
                    try scene.expect(task.id, is: new.envelope.id, "task claimed")
                    try await worker.commit(task)
                    return true
                }
            }
        }
    }

    /// A worker that waits for something far away wakes for what was pushed later and is due earlier, through any handle.
    public func anEarlierPushShortensTheWait() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept(scene.task(due: .after(.hours(10))))
            for round in 0..<6 {
                async let wait: Void = scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60))
                // Lets the wait begin; the check holds as well when it has not.
                try await Task.sleep(for: .milliseconds(20))
                let new = scene.task(due: .after(.milliseconds(200)))
                _ = try await (round.isMultiple(of: 2) ? scene.other : scene.engine).push([new])
                try await scene.advance(.milliseconds(201))
                let start = ContinuousClock.now
                await wait
                try scene.expectPrompt("an idle worker wakes for what is due earlier", since: start)
                try await worker.commit(try await worker.claim(new.envelope.id))
            }
        }
    }

    /// What is due in queues that the worker does not serve, or only later, does not end its wait.
    public func awaitWorkSleepsOverWhatIsDueElsewhere() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["mine"])
            // A queue that nobody has pushed into yet stands for all.
            try await worker.commit(try await scene.start(scene.task(queue: "mine"), on: worker))
            try await scene.accept(scene.task(queue: "mine", due: .after(.hours(1))))
            try await scene.accept(scene.task(queue: "theirs", due: .after(.milliseconds(50))))
            try await scene.advance(.milliseconds(51))
            let start = ContinuousClock.now
            await scene.engine.awaitWork(worker.incarnation, queues: ["mine"], timeout: .milliseconds(300))
            let waited = start.duration(to: .now)
            try scene.expect(waited >= .milliseconds(250), "the wait lasts for its timeout of 300 ms; it took \(waited)")
        }
    }
}
