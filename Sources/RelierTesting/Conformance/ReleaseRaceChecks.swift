import Foundation
import Relier

extension EngineConformance {
    static let releaseRaceChecks: [Check] = [
        Check("manyResurrectorsResurrectEachTaskOnce") { try await $0.manyResurrectorsResurrectEachTaskOnce() },
        Check("aCommitAndAReleaseAtOnce") { try await $0.aCommitAndAReleaseAtOnce() },
        Check("aClaimAndAReleaseAtOnce") { try await $0.aClaimAndAReleaseAtOnce() },
    ]

    /// Whoever finds a dead incarnation, and however many at once: each task is resurrected once.
    public func manyResurrectorsResurrectEachTaskOnce() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let ids = try await scene.accept((0..<200).map { _ in scene.task() })
            _ = try await doomed.claim(200)
            let counter = try await scene.engine.leases().first?.counter
            let moved = try await withThrowingTaskGroup(of: [TaskID].self) { group in
                for index in 0..<8 {
                    group.addTask {
                        let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                        let target: ReleaseTarget =
                            index < 4 ? .process(doomed.info.process) : .incarnation(doomed.incarnation, counter: counter)
                        var moved: [TaskID] = []
                        while true {
                            let report = try await engine.release(target, death: .leaseEnded, limits: ReleaseLimits(batch: 17))
                            moved += report.requeued
                            if !report.remaining { return moved }
                        }
                    }
                }
                return try await group.reduce(into: [], +=)
            }
            try scene.expect(moved.count, is: 200, "resurrections of 200 tasks by eight resurrectors")
            try scene.expect(Set(moved) == Set(ids), "each task is resurrected once")
            let worker = try await scene.join()
            let claimed = try await worker.claim(300)
            try scene.expect(claimed.count, is: 200, "tasks to claim")
            try scene.expect(claimed.allSatisfy { $0.resurrections == 1 }, "each task counts one resurrection")
        }
    }

    /// A worker that commits while it is being released: each task is committed or queued again, and the worker is told which.
    public func aCommitAndAReleaseAtOnce() async throws {
        try await scene { scene in
            let doomed = try await scene.join(on: scene.other)
            try await scene.accept((0..<100).map { _ in scene.task() })
            let tasks = try await doomed.claim(100)
            async let released = {
                var moved: Set<TaskID> = []
                while true {
                    let report = try await scene.engine.release(
                        .process(doomed.info.process), death: .leaseEnded, limits: ReleaseLimits(batch: 5))
                    moved.formUnion(report.requeued)
                    if !report.remaining { return moved }
                }
            }()
            var committed: Set<TaskID> = []
            for task in tasks.reversed() where try await doomed.settle(task, .commit(result: Data("1".utf8))) == .done {
                committed.insert(task.id)
            }
            let moved = try await released
            try scene.expect(moved.isDisjoint(with: committed), "no task is both committed and queued again")
            try scene.expect(moved.count + committed.count, is: 100, "tasks that were committed or queued again")
            for task in tasks {
                let state: TaskState = committed.contains(task.id) ? .committed : .queued
                try await scene.expectState(state, of: task.id, "whose commit was \(committed.contains(task.id) ? "done" : "refused")")
            }
        }
    }

    /// A worker that claims while it is being released ends with nothing that nobody resurrects.
    public func aClaimAndAReleaseAtOnce() async throws {
        try await scene { scene in
            for _ in 0..<10 {
                let ids = try await scene.accept((0..<20).map { _ in scene.task() })
                let doomed = try await scene.join(on: scene.other)
                async let claimed: Void = {
                    do {
                        while !(try await doomed.claim(3)).isEmpty {}
                    } catch let error as EngineError {
                        // Released, as it should be.
                        if error.code != .fenced { throw error }
                    }
                }()
                for _ in 0..<3 {
                    _ = try await scene.engine.release(.process(doomed.info.process), death: .leaseEnded, limits: ReleaseLimits())
                }
                try await claimed
                try await scene.die(doomed)
                let worker = try await scene.join()
                let rest = try await worker.claim(100)
                try scene.expect(Set(rest.map(\.id)) == Set(ids), "all 20 tasks can be claimed after the release; found \(rest.count)")
                for task in rest { try await worker.commit(task) }
                try await scene.engine.leave(worker.incarnation)
            }
        }
    }
}
