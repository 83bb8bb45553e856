import Foundation
import Relier

extension EngineConformance {
    static let heartbeatChecks: [Check] = [
        Check("ordersComeWithRenewals") { try await $0.ordersComeWithRenewals() },
        Check("stuckBodiesAreShown") { try await $0.stuckBodiesAreShown() },
        Check("progressIsShownWhileTheTaskRuns") { try await $0.progressIsShownWhileTheTaskRuns() },
        Check("aThreadCanSettleWithoutTheCooperativePool") { try await $0.aThreadCanSettleWithoutTheCooperativePool() },
        Check("aWorkerThatStoppedItselfCostsNothing") { try await $0.aWorkerThatStoppedItselfCostsNothing() },
    ]

    /// An operator's order reaches that worker and no other, with every renewal, the last one replacing the one before.
    public func ordersComeWithRenewals() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let bystander = try await scene.join()
            for order in [WorkerOrder.restart, .drain] {
                try await scene.other.order(order, to: worker.incarnation)
                for _ in 0..<2 {
                    try scene.expect(
                        try worker.lease.renew(holding: [:], settledThrough: 0), is: .renewed(lost: [], strays: 0, order: order), "renewal")
                }
                let shown = try await scene.other.workers().first { $0.info.incarnation == worker.incarnation }
                try scene.expect(shown?.order, is: order, "order in the list of workers")
            }
            try scene.expect(
                try bystander.lease.renew(holding: [:], settledThrough: 0), is: .renewed(lost: [], strays: 0), "another worker's renewal")
            try await scene.engine.leave(worker.incarnation)
            try await scene.expectError(.notFound, "an order to a worker that has left") {
                try await scene.engine.order(.drain, to: worker.incarnation)
            }
        }
    }

    /// As many as the last renewal told.
    public func stuckBodiesAreShown() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for count in [0, 3, 1, 0] {
                _ = try worker.lease.renew(Heartbeat(holding: [:], settledThrough: 0, stuck: count))
                try scene.expect(try await scene.other.workers().map(\.stuck), is: [count], "stuck bodies")
            }
        }
    }

    /// What a renewal brings is seen by operators and clients until the attempt ends; what names another attempt is not taken.
    public func progressIsShownWhileTheTaskRuns() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for ending in ["committed", "handed back", "lost", "quarantined"] {
                var task = try await scene.start(scene.task(), on: worker)
                let id = task.id
                func shown() async throws -> [TaskProgress?] {
                    [try await scene.other.status(of: [id])[id]?.progress, try await scene.other.inspect(id)?.progress]
                }
                try scene.expect(try await shown(), is: [nil, nil], "progress before a word")
                for progress in [TaskProgress(done: 1, total: 10), TaskProgress(done: 7), TaskProgress(done: 10, total: 10)] {
                    _ = try worker.lease.renew(
                        Heartbeat(holding: [id: task.fence], settledThrough: worker.request, progress: [id: progress]))
                    try await scene.eventually("progress \(progress)") { try await shown() == [progress, progress] }
                }
                switch ending {
                case "committed": try await worker.commit(task)
                case "quarantined": try await worker.quarantine(task)
                case "lost":
                    // Under a fence that is not the current one.
                    let stale = Fence(number: task.fence.number, token: task.fence.token &+ 1)
                    _ = try worker.lease.renew(
                        Heartbeat(
                            holding: [id: stale], settledThrough: worker.request - 1, progress: [id: TaskProgress(done: 99)]))
                    try await worker.end(task, .handBack)
                default: try await worker.end(task, .handBack)
                }
                try scene.expect(try await shown(), is: [nil, nil], "progress after the attempt was \(ending)")
                if ending == "handed back" || ending == "lost" {
                    task = try await worker.claim(id)
                    try scene.expect(try await shown(), is: [nil, nil], "progress of the next attempt")
                    try await worker.commit(task)
                }
            }
        }
    }

    /// The blocking settlement is the same operation as the asynchronous one.
    public func aThreadCanSettleWithoutTheCooperativePool() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            let settlements = [
                Settlement(task: first.id, fence: first.fence, outcome: .commit(result: Data("1".utf8))),
                Settlement(task: second.id, fence: second.fence, outcome: .handBack),
                Settlement(task: second.id, fence: Fence(number: second.fence.number, token: 1), outcome: .handBack),
            ]
            let lease = worker.lease
            for time in 1...2 {
                let replies = await withCheckedContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(returning: Result { try lease.settle(settlements) }) }
                }
                try scene.expect(try replies.get(), is: [.done, .done, .refused], "replies, time \(time)")
            }
            try await scene.expectState(.committed, of: first.id, "after its blocking commit")
            try await worker.commit(try await worker.claim(second.id))
        }
    }

    /// A worker that left by itself at its lease's end hands back what it held: nothing is counted, and a suspect stays one.
    public func aWorkerThatStoppedItselfCostsNothing() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            let report = try await scene.die(worker, .selfStopped)
            try scene.expect(report.handedBack, is: [task.id], "tasks handed back")
            try scene.expect(report.count, is: 1, "tasks released")
            let next = try await scene.join()
            let again = try await next.claim(task.id)
            try scene.expect(again.resurrections, is: 0, "resurrections")
            try scene.expect(again.fence.number, is: 2, "fence")
            // Now it traps, and its suspect's worker stops itself.
            try await scene.die(next, .signalled(11))
            for _ in 0..<2 {
                let alone = try await scene.join(isolated: true)
                let suspect = try scene.unwrap(try await alone.claimSuspect(), "the suspect")
                try scene.expect(suspect.resurrections, is: 1, "resurrections of the suspect")
                try await scene.die(alone, .selfStopped)
            }
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 1, "suspects that wait")
        }
    }
}
