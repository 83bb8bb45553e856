import Foundation
import Relier

extension EngineConformance {
    static let settleChecks: [Check] = [
        Check("aCommitStoresTheResult") { try await $0.aCommitStoresTheResult() },
        Check("everySettlementMayBeSentAgain") { try await $0.everySettlementMayBeSentAgain() },
        Check("aSettlementTwiceInOneCall") { try await $0.aSettlementTwiceInOneCall() },
        Check("aSecondCommitKeepsTheFirstResult") { try await $0.aSecondCommitKeepsTheFirstResult() },
        Check("concurrentSettlementsOfOneFenceHappenOnce") { try await $0.concurrentSettlementsOfOneFenceHappenOnce() },
        Check("aRetryCountsAnAttempt") { try await $0.aRetryCountsAnAttempt() },
        Check("aLateResendDoesNotDisturbTheNextAttempt") { try await $0.aLateResendDoesNotDisturbTheNextAttempt() },
        Check("aHandBackCountsNothing") { try await $0.aHandBackCountsNothing() },
        Check("aHandBackGoesToTheHeadOfItsQueue", needs: .keepsOrder) { try await $0.aHandBackGoesToTheHeadOfItsQueue() },
        Check("theHistoryTellsEveryAttempt") { try await $0.theHistoryTellsEveryAttempt() },
    ]

    /// After a commit every handle sees the result, and the task is claimed by nobody.
    public func aCommitStoresTheResult() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try await worker.commit(task, #"{"sum":1.50}"#)
            let status = try await scene.other.status(of: [task.id])[task.id]
            try scene.expect(
                status, is: TaskStatus(state: .committed, result: Data(#"{"sum":1.50}"#.utf8)), "status of the committed task")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
            let queues = try await scene.engine.queues()
            try scene.expect(queues.map(\.running).reduce(0, +), is: 0, "running tasks")
        }
    }

    /// Each settlement is `done` however often it is sent, and has happened once.
    public func everySettlementMayBeSentAgain() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let endings: [(Settlement.Outcome, TaskState, String)] = [
                (.commit(result: Data("1".utf8)), .committed, "committed"),
                (.retry(after: .hours(1), reason: "E", message: "m"), .scheduled, "retry"),
                (.quarantine(reason: "E", message: "m", keyHeld: false), .quarantined, "quarantined"),
                (.quarantine(reason: "E", message: "m", keyHeld: true), .quarantined, "quarantined"),
                (.handBack, .queued, "handed-back"),
                (.snooze(key: "held"), .waiting, "snoozed"),
            ]
            let holder = try await scene.start(scene.task(), on: worker)
            try scene.expect(try await worker.acquire("held", for: holder), is: .acquired, "taking a free key")
            for (index, (outcome, state, word)) in endings.enumerated() {
                let queue = Queue("q\(index)")
                let task = try await scene.start(scene.task(queue: queue, key: "t\(index)"), on: worker)
                for handle in [scene.engine, scene.other, scene.engine] {
                    let replies = try await handle.settle([Settlement(task: task.id, fence: task.fence, outcome: outcome)])
                    try scene.expect(replies, is: [.done], "reply to '\(word)', sent more than once")
                }
                let details = try await scene.details(of: task.id)
                try scene.expect(details.summary.state, is: state, "state after '\(word)', sent more than once")
                try scene.expect(details.history.map(\.outcome), is: [word], "history after '\(word)', sent more than once")
            }
            let dead = try await scene.engine.deadLetters(DeadLetterQuery())
            try scene.expect(dead.items.count, is: 2, "dead letters of two quarantines, each sent three times")
        }
    }

    /// The same settlement twice in one call is carried out once; both are `done`.
    public func aSettlementTwiceInOneCall() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            let settlement = Settlement(task: task.id, fence: task.fence, outcome: .retry(after: .zero, reason: "E", message: "m"))
            try scene.expect(try await scene.engine.settle([settlement, settlement]), is: [.done, .done], "replies")
            try await scene.tend()
            try scene.expect(try await worker.claim(task.id).attempt, is: 2, "attempt after one retry, sent twice")
        }
    }

    /// What was committed first stays.
    public func aSecondCommitKeepsTheFirstResult() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.commit(task, "1")
            _ = try await worker.settle(task, .commit(result: Data("2".utf8)))
            _ = try await worker.settle(task, .quarantine(reason: "E", message: "m", keyHeld: false))
            _ = try await worker.settle(task, .handBack)
            let status = try await scene.engine.status(of: [task.id])[task.id]
            try scene.expect(status, is: TaskStatus(state: .committed, result: Data("1".utf8)), "status in the end")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
            try scene.expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.count, is: 0, "dead letters")
        }
    }

    /// Two handles that settle under one fence at once: it happens once.
    public func concurrentSettlementsOfOneFenceHappenOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept((0..<50).map { _ in scene.task() })
            let tasks = try await worker.claim(50)
            let replies = try await withThrowingTaskGroup(of: SettleReply.self) { group in
                for task in tasks {
                    for handle in [scene.engine, scene.other] {
                        group.addTask {
                            try await handle.settle([
                                Settlement(task: task.id, fence: task.fence, outcome: .retry(after: .zero, reason: "E", message: "m"))
                            ])[0]
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try scene.expect(replies.allSatisfy { $0 == .done }, "every reply is 'done'")
            try await scene.tend()
            try scene.expect(
                try await worker.claim(100).map(\.attempt), is: Array(repeating: 2, count: 50), "attempts after one retry each")
        }
    }

    /// A retry schedules the task for its pause, counts one attempt, keeps key and checkpoint.
    public func aRetryCountsAnAttempt() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.save("5", of: task)
            for attempt in 2...4 {
                try await worker.retry(task, after: .seconds(30))
                try await scene.expectState(.scheduled, of: task.id, "during the pause of a retry")
                try await scene.advance(.seconds(15))
                try await scene.tend()
                try scene.expect(try await worker.claim().count, is: 0, "tasks to claim during the pause")
                try scene.expect(
                    try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push with the key during the pause")
                try await scene.advance(.seconds(16))
                try await scene.tend()
                task = try await worker.claim(task.id)
                try scene.expect(task.attempt, is: attempt, "attempt after \(attempt - 1) retries")
                try scene.expect(task.resurrections, is: 0, "resurrections after retries")
                try scene.expect(task.checkpoint, is: .inline(Data("5".utf8)), "checkpoint after a retry")
                try scene.expect(task.key, is: "k", "key after a retry")
            }
        }
    }

    /// A settlement sent again when the next attempt runs already leaves that attempt alone.
    public func aLateResendDoesNotDisturbTheNextAttempt() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let outcome = Settlement.Outcome.retry(after: .zero, reason: "E", message: "m")
            try await worker.end(first, outcome)
            try await scene.tend()
            let second = try await worker.claim(first.id)
            _ = try await worker.settle(first, outcome)
            try await scene.expectState(.running, of: first.id, "after a late resend")
            try await worker.save("1", of: second)
            try await worker.commit(second)
            let history = try await scene.details(of: first.id).history
            try scene.expect(history.map(\.outcome), is: ["retry", "committed"], "history")
        }
    }

    /// A task handed back is queued again with its checkpoint, and neither an attempt nor a resurrection is counted.
    public func aHandBackCountsNothing() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var task = try await scene.start(scene.task(), on: worker)
            try await worker.save("1", of: task)
            for _ in 0..<10 {
                try await worker.end(task, .handBack)
                try await scene.expectState(.queued, of: task.id, "after a hand-back")
                task = try await worker.claim(task.id)
            }
            try scene.expect(task.attempt, is: 1, "attempt after ten hand-backs")
            try scene.expect(task.resurrections, is: 0, "resurrections after ten hand-backs")
            try scene.expect(task.checkpoint, is: .inline(Data("1".utf8)), "checkpoint after ten hand-backs")
        }
    }

    /// A task handed back is served before those that were behind it.
    public func aHandBackGoesToTheHeadOfItsQueue() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept([scene.task(), scene.task(), scene.task()])
            let task = try await worker.claim(ids[0])
            try await worker.end(task, .handBack)
            try scene.expect(try await worker.claim(1).map(\.id), is: [ids[0]], "the next task")
        }
    }

    /// Every attempt has its record: who, under which fence, from when to when, and how it ended.
    public func theHistoryTellsEveryAttempt() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let other = try await scene.join(on: scene.other)
            let first = try await scene.start(scene.task(payload: #"{"n":1}"#), on: worker)
            let running = try await scene.details(of: first.id)
            try scene.expect(running.history.map(\.outcome), is: ["running"], "history of a first attempt")
            try scene.expect(running.history.first?.end, is: nil, "end of an attempt that runs")
            try scene.expect(running.payload, is: .object(["n": .integer(1)]), "payload")
            try scene.expect(running.summary.worker, is: "puppet", "the worker shown for a running task")
            try await scene.advance(.seconds(20))
            try await worker.retry(first)
            try await scene.tend()
            let second = try await other.claim(first.id)
            try await other.commit(second, "7")
            let details = try await scene.details(of: first.id)
            try scene.expect(details.history.count, is: 2, "attempts in the history")
            try scene.expect(details.history.map(\.incarnation), is: [worker.incarnation, other.incarnation], "incarnations")
            try scene.expect(details.history.map(\.fence), is: [1, 2], "fences")
            try scene.expect(details.history.map(\.outcome), is: ["retry", "committed"], "outcomes")
            try scene.expect(details.history[0].detail?.contains("TestError") == true, "the reason of the retry is in its record")
            let end = try scene.unwrap(details.history[0].end, "end of the first attempt")
            try scene.expect(
                end - details.history[0].start >= .seconds(20), "the first attempt took 20 s; found \(end - details.history[0].start)")
            try scene.expect(details.history[1].start >= end, "the second attempt started after the first had ended")
            try scene.expect(details.result, is: .integer(7), "result")
            try scene.expect(details.summary.state, is: .committed, "state")
        }
    }
}
