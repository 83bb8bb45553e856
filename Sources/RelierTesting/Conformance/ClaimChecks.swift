import Foundation
import Relier

extension EngineConformance {
    static let claimChecks: [Check] = [
        Check("everyTaskIsClaimedByOneWorker") { try await $0.everyTaskIsClaimedByOneWorker() },
        Check("eachClaimRaisesTheFence") { try await $0.eachClaimRaisesTheFence() },
        Check("queuesAreServedByTheirShares") { try await $0.queuesAreServedByTheirShares() },
        Check("unusedSharesGoToTheOtherQueues") { try await $0.unusedSharesGoToTheOtherQueues() },
        Check("onlyTheQueuesAskedForAreServed") { try await $0.onlyTheQueuesAskedForAreServed() },
        Check("recoveredAndQueuedTasksShareFairly") { try await $0.recoveredAndQueuedTasksShareFairly() },
        Check("onlyAJoinedIncarnationClaims") { try await $0.onlyAJoinedIncarnationClaims() },
        Check("anIncarnationJoinsOnce") { try await $0.anIncarnationJoinsOnce() },
        Check("leavingHandsBack") { try await $0.leavingHandsBack() },
        Check("theWorkersAreListed") { try await $0.theWorkersAreListed() },
    ]

    /// Eight workers on two handles claim at once: each of 1,000 tasks is handed out once.
    public func everyTaskIsClaimedByOneWorker() async throws {
        try await scene { scene in
            let ids = try await scene.accept((0..<1000).map { _ in scene.task() })
            var workers: [PuppetWorker] = []
            for index in 0..<8 { workers.append(try await scene.join(on: index.isMultiple(of: 2) ? scene.engine : scene.other)) }
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
                return try await group.reduce(into: [], +=)
            }
            try scene.expect(claimed.count, is: 1000, "claims of 1,000 tasks by eight workers")
            try scene.expect(Set(claimed) == Set(ids), "each task is claimed once")
        }
    }

    /// Fence numbers of a task rise by one at each claim; the tokens differ, also between tasks.
    public func eachClaimRaisesTheFence() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept([scene.task(), scene.task()])
            var tokens: Set<UInt64> = []
            for round in 1...5 {
                let tasks = try await worker.claim()
                try scene.expect(tasks.map(\.fence.number), is: [Int64(round), Int64(round)], "fence numbers at claim \(round)")
                for task in tasks {
                    try scene.expect(tokens.insert(task.fence.token).inserted, "each claim has a token of its own")
                    try await worker.end(task, .handBack)
                }
            }
        }
    }

    /// With enough in each queue, each gives the slots that it has in the request.
    public func queuesAreServedByTheirShares() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["high", "low"])
            try await scene.accept((0..<20).map { _ in scene.task(queue: "low") } + (0..<20).map { _ in scene.task(queue: "high") })
            for _ in 0..<3 {
                let tasks = try await worker.claim(
                    shares: [QueueShare(queue: "high", slots: 3), QueueShare(queue: "low", slots: 1)], limit: 4)
                try scene.expect(tasks.filter { $0.queue == "high" }.count, is: 3, "tasks of the queue with three slots")
                try scene.expect(tasks.filter { $0.queue == "low" }.count, is: 1, "tasks of the queue with one slot")
            }
        }
    }

    /// What one queue leaves of its share the others may use, in the order of the request, up to the limit.
    public func unusedSharesGoToTheOtherQueues() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["a", "b", "c"])
            try await scene.accept(
                [scene.task(queue: "a")] + (0..<4).map { _ in scene.task(queue: "b") } + (0..<9).map { _ in scene.task(queue: "c") })
            let shares = [QueueShare(queue: "a", slots: 5), QueueShare(queue: "b", slots: 1), QueueShare(queue: "c", slots: 1)]
            let tasks = try await worker.claim(shares: shares, limit: 7)
            let counts = Dictionary(grouping: tasks, by: \.queue).mapValues(\.count)
            try scene.expect(counts, is: ["a": 1, "b": 4, "c": 2], "tasks by queue")
            let none = try await worker.claim(shares: [QueueShare(queue: "a", slots: 3), QueueShare(queue: "c", slots: 0)], limit: 2)
            try scene.expect(none.map(\.queue), is: ["c", "c"], "queues of what fills the limit from a queue without a share")
        }
    }

    /// A claim takes nothing from queues that it does not name, and gives nothing when there is nothing.
    public func onlyTheQueuesAskedForAreServed() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["mine", "other"])
            try await scene.accept([scene.task(queue: "other"), scene.task(queue: "nobody's")])
            let tasks = try await worker.claim(shares: [QueueShare(queue: "mine", slots: 5)], limit: 5)
            try scene.expect(tasks.count, is: 0, "tasks claimed from an empty queue")
        }
    }

    /// Neither recovered tasks nor queued ones starve the other, at large and at small claims.
    public func recoveredAndQueuedTasksShareFairly() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            try await scene.accept((0..<40).map { _ in scene.task() })
            try scene.expect(try await doomed.claim(40).count, is: 40, "tasks claimed")
            try await scene.die(doomed)
            try await scene.accept((0..<40).map { _ in scene.task() })
            let worker = try await scene.join()
            let many = try await worker.claim(12)
            let recovered = many.filter { $0.resurrections > 0 }.count
            try scene.expect((4...8).contains(recovered), "about half of a claim of 12 is recovered work; found \(recovered)")
            var single = 0
            for _ in 0..<12 { single += try await worker.claim(1).filter { $0.resurrections > 0 }.count }
            try scene.expect((3...9).contains(single), "about half of twelve claims of one is recovered work; found \(single)")
        }
    }

    /// Claims of an incarnation that never joined, or has left, are refused.
    public func onlyAJoinedIncarnationClaims() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            let request = ClaimRequest(
                incarnation: .next(), number: 1, shares: [QueueShare(queue: .default, slots: 1)], limit: 1)
            try await scene.expectError(.fenced, "a claim of a stranger") { _ = try await scene.engine.claim(request) }
            let worker = try await scene.join()
            try await scene.engine.leave(worker.incarnation)
            try await scene.expectError(.fenced, "a claim after leaving") { _ = try await worker.claim() }
            try await scene.expectState(.queued, of: id, "after refused claims")
        }
    }

    /// An incarnation is used once: joining again under it is a conflict, and so is coming back after it left.
    public func anIncarnationJoinsOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.expectError(.conflict, "joining twice") { _ = try await scene.engine.join(worker.info) }
            try await scene.expectError(.conflict, "joining twice, through another handle") { _ = try await scene.other.join(worker.info) }
            let task = try await scene.start(scene.task(), on: worker)
            try await worker.commit(task)
        }
    }

    /// What an incarnation holds when it leaves goes back to its queue with its checkpoint, and nothing is counted.
    public func leavingHandsBack() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept([scene.task(), scene.task()])
            let held = try await worker.claim()
            try await worker.save(#"{"row":7}"#, of: held[0])
            try await scene.engine.leave(worker.incarnation)
            try scene.expect(try await scene.engine.workers().count, is: 0, "workers after the only one left")
            try scene.expect(try await worker.settle(held[0], .commit(result: Data())), is: .refused, "reply to a commit after leaving")
            let next = try await scene.join()
            let tasks = try await next.claim()
            try scene.expect(Set(tasks.map(\.id)), is: Set(ids), "tasks handed back")
            try scene.expect(tasks.map(\.attempt), is: [1, 1], "attempts")
            try scene.expect(tasks.map(\.resurrections), is: [0, 0], "resurrections")
            let saved = tasks.first { $0.id == held[0].id }?.checkpoint
            try scene.expect(saved, is: .inline(Data(#"{"row":7}"#.utf8)), "checkpoint of the task handed back")
        }
    }

    /// `workers` shows who has joined, as it described itself, and how much it runs.
    public func theWorkersAreListed() async throws {
        try await scene { scene in
            let first = try await scene.join([TaskKind(name: "work", version: 3, parameters: ["id", "amount"])], queues: ["a", "b"])
            let second = try await scene.join(on: scene.other)
            try await scene.accept([scene.task(queue: "a"), scene.task(queue: "b")])
            _ = try await first.claim()
            let workers = try await scene.engine.workers()
            try scene.expect(
                Set(workers.map(\.info.incarnation)), is: [first.incarnation, second.incarnation], "incarnations listed")
            let listed = try scene.unwrap(workers.first { $0.info.incarnation == first.incarnation }, "the first worker's entry")
            try scene.expect(listed.running, is: 2, "tasks that the first worker runs")
            try scene.expect(listed.info.process, is: first.info.process, "process")
            try scene.expect(listed.info.queues, is: ["a", "b"], "queues")
            try scene.expect(listed.info.kinds, is: first.info.kinds, "kinds")
            try scene.expect(listed.info.lease, is: .seconds(5), "lease")
            try scene.expect(listed.info.concurrency, is: 10, "concurrency")
            try scene.expect([listed.info.name, listed.info.host], is: ["puppet", "stage"], "name and host")
        }
    }
}
