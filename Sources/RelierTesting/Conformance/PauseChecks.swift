import Foundation
import Relier

extension EngineConformance {
    static let pauseChecks: [Check] = [
        Check("aPausedQueueIsClaimedByNobody") { try await $0.aPausedQueueIsClaimedByNobody() },
        Check("runningTasksOfAPausedQueueEnd") { try await $0.runningTasksOfAPausedQueueEnd() },
        Check("resumingWakesWorkers") { try await $0.resumingWakesWorkers() },
        Check("aPauseHoldsRecoveredTasksAndSuspects") { try await $0.aPauseHoldsRecoveredTasksAndSuspects() },
        Check("onlyKnownQueuesArePaused") { try await $0.onlyKnownQueuesArePaused() },
        Check("aDedicatedPoolGetsTheRecoveries") { try await $0.aDedicatedPoolGetsTheRecoveries() },
    ]

    /// Pushes go on, other queues are served, every handle and every later worker obeys, and it is seen.
    public func aPausedQueueIsClaimedByNobody() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["a", "b"])
            let first = try await scene.accept(scene.task(queue: "a"))
            try await scene.other.setPaused(true, queue: "a")
            try await scene.other.setPaused(true, queue: "a")
            let second = try await scene.accept(scene.task(queue: "a"))
            let elsewhere = try await scene.accept(scene.task(queue: "b"))
            try scene.expect(try await worker.claim().map(\.id), is: [elsewhere], "tasks claimed while a queue is paused")
            let late = try await scene.join(queues: ["a"], on: scene.other)
            try scene.expect(try await late.claim().count, is: 0, "tasks of a paused queue claimed by a later worker")
            let queues = try await scene.engine.queues()
            try scene.expect(queues.first { $0.queue == "a" }?.pausedAt != nil, "a paused queue is listed as paused")
            try scene.expect(queues.first { $0.queue == "a" }?.queued, is: 2, "queued tasks of the paused queue")
            try scene.expect(queues.first { $0.queue == "b" }?.pausedAt == nil, "the other queue is not listed as paused")
            try scene.expect(
                try await scene.details(of: first).summary.waitsFor?.contains("'a'") == true,
                "a task of a paused queue says what it waits for")
            try await scene.engine.setPaused(false, queue: "a")
            try scene.expect(try await worker.claim().map(\.id), is: [first, second], "tasks claimed after the queue was resumed")
            try scene.expect(try await scene.engine.queues().allSatisfy { $0.pausedAt == nil }, "no queue is paused in the end")
        }
    }

    /// A pause ends nothing: what runs commits, retries and hands back as ever.
    public func runningTasksOfAPausedQueueEnd() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept((0..<3).map { _ in scene.task() })
            let tasks = try await worker.claim()
            try await scene.engine.setPaused(true, queue: .default)
            try await worker.commit(tasks[0])
            try await worker.retry(tasks[1])
            try await worker.end(tasks[2], .handBack)
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed while the queue is paused")
            try await scene.engine.setPaused(false, queue: .default)
            try scene.expect(try await worker.claim().map(\.id), is: [tasks[1].id, tasks[2].id], "tasks that came back")
        }
    }

    /// An idle worker starts at once what waited in a queue that is resumed, and sleeps while it is paused.
    public func resumingWakesWorkers() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for round in 0..<5 {
                try await scene.engine.setPaused(true, queue: .default)
                let id = try await scene.accept(scene.task())
                let start = ContinuousClock.now
                await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(200))
                try scene.expect(start.duration(to: .now) >= .milliseconds(150), "a worker waits while its only queue is paused")
                async let wait: Void = scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60))
                try await Task.sleep(for: .milliseconds(round * 5))
                try await scene.other.setPaused(false, queue: .default)
                let resumed = ContinuousClock.now
                await wait
                try scene.expectPrompt("a worker wakes when its queue is resumed", since: resumed)
                try await worker.commit(try await worker.claim(id))
            }
        }
    }

    /// Recoveries and suspects of a paused queue wait too, also for a pool that is dedicated to recoveries.
    public func aPauseHoldsRecoveredTasksAndSuspects() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let lost = try await scene.start(scene.task(), on: doomed)
            try await scene.die(doomed)
            let trapped = try await scene.join()
            let suspect = try await scene.start(
                scene.task("work", queue: "s"), on: try await scene.join(queues: ["s"], process: trapped.info.process))
            try await scene.die(trapped, .signalled(11))
            for queue in [Queue.default, "s"] { try await scene.engine.setPaused(true, queue: queue) }
            let pool = try await scene.join(queues: [.requeue])
            try scene.expect(try await pool.claim().count, is: 0, "recovered tasks claimed while their queue is paused")
            let lonely = try await scene.join(queues: ["s"], isolated: true)
            try scene.expect(
                try await scene.engine.suspectsWaiting(on: Scene.host), is: 0, "suspects to start a process for while their queue is paused"
            )
            try scene.expect(try await lonely.claimSuspect()?.id, is: nil, "suspect claimed while its queue is paused")
            for queue in [Queue.default, "s"] { try await scene.engine.setPaused(false, queue: queue) }
            try scene.expect(try await pool.claim().map(\.id), is: [lost.id], "recovered tasks claimed after the pause")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 1, "suspects after the pause")
            try scene.expect(try await lonely.claimSuspect()?.id, is: suspect.id, "suspect claimed after the pause")
        }
    }

    /// While a live pool serves `re-queue`, recovered tasks of all queues are left to it; without one their own pools serve them.
    public func aDedicatedPoolGetsTheRecoveries() async throws {
        try await scene { scene in
            let doomed = try await scene.join(queues: ["a", "b"])
            try await scene.accept([scene.task(queue: "a"), scene.task(queue: "b")])
            let lost = try await doomed.claim().map(\.id)
            try await scene.die(doomed)
            let pool = try await scene.join(queues: [.requeue], on: scene.other)
            let ordinary = try await scene.join(queues: ["a", "b"])
            let fresh = try await scene.accept(scene.task(queue: "a"))
            try scene.expect(try await ordinary.claim().map(\.id), is: [fresh], "tasks claimed beside a dedicated pool")
            let recovered = try await pool.claim()
            try scene.expect(Set(recovered.map(\.id)), is: Set(lost), "tasks claimed by the dedicated pool")
            try await scene.accept(scene.task(queue: "a"))
            try scene.expect(try await pool.claim().count, is: 0, "tasks claimed by the dedicated pool that are no recoveries")
            try await scene.other.leave(pool.incarnation)
            try scene.expect(try await ordinary.claim().count, is: 3, "tasks claimed once the dedicated pool has left")
        }
    }

    /// A queue that nobody knows is a mistake of whoever names it.
    public func onlyKnownQueuesArePaused() async throws {
        try await scene { scene in
            try await scene.accept(scene.task(queue: "known"))
            let error = try await scene.expectError(.notFound, "pausing an unknown queue") {
                try await scene.engine.setPaused(true, queue: "knwon")
            }
            try scene.expect(error.message.contains("'known'"), "the error names the queues that there are; it says '\(error.message)'")
            try await scene.expectError(.notFound, "pausing re-queue") { try await scene.engine.setPaused(true, queue: .requeue) }
            _ = try await scene.join(queues: ["served"])
            try await scene.engine.setPaused(true, queue: "served")
            try await scene.engine.setPaused(false, queue: "known")
        }
    }
}
