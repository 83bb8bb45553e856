import Foundation
import Relier

extension EngineConformance {
    static let parkingChecks: [Check] = [
        Check("anUnknownNameIsParked") { try await $0.anUnknownNameIsParked() },
        Check("nothingWaitsBehindTheUnknown") { try await $0.nothingWaitsBehindTheUnknown() },
        Check("aLaterWorkerGetsWhatWasParked") { try await $0.aLaterWorkerGetsWhatWasParked() },
        Check("aNewerVersionWaitsForANewerWorker") { try await $0.aNewerVersionWaitsForANewerWorker() },
        Check("aMixedFleetDrainsBoth") { try await $0.aMixedFleetDrainsBoth() },
        Check("aTaskForALivingWorkerIsNotStuck") { try await $0.aTaskForALivingWorkerIsNotStuck() },
        Check("whatIsParkedBehindALimitIsFound") { try await $0.whatIsParkedBehindALimitIsFound() },
        Check("aTaskParkedForTooLongIsQuarantined") { try await $0.aTaskParkedForTooLongIsQuarantined() },
        Check("aParkedTaskKeepsItsKey") { try await $0.aParkedTaskKeepsItsKey() },
        Check("aRecoveredTaskIsParkedToo") { try await $0.aRecoveredTaskIsParkedToo() },
    ]

    private static let old = TaskKind(name: "old", version: 1)
    private static let new = TaskKind(name: "new", version: 1)

    /// A task that no live worker can run is set aside, visibly, and neither run nor dropped.
    public func anUnknownNameIsParked() async throws {
        try await scene { scene in
            let worker = try await scene.join([Self.old])
            let id = try await scene.accept(scene.task("new"))
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed of an unknown name")
            try await scene.expectState(.parked, of: id, "of an unknown name, after a claim")
            let queue = try await scene.engine.queues().first { $0.queue == .default }
            try scene.expect(queue?.parked, is: 1, "parked tasks of the queue")
            let listed = try await scene.engine.tasks(TaskQuery(state: .parked)).items.map(\.id)
            try scene.expect(listed, is: [id], "parked tasks listed")
            try scene.expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.count, is: 0, "dead letters")
            try await scene.advance(.days(30))
            try await scene.tend()
            try await scene.expectState(.parked, of: id, "after a month without a limit")
        }
    }

    /// A known task behind many unknown ones is claimed at once.
    public func nothingWaitsBehindTheUnknown() async throws {
        try await scene { scene in
            let worker = try await scene.join([Self.old])
            try await scene.accept((0..<300).map { scene.task("new", version: 1 + $0 % 3) })
            let known = try await scene.accept(scene.task("old"))
            var claimed: [TaskID] = []
            for _ in 0..<5 where claimed.isEmpty { claimed = try await worker.claim(1).map(\.id) }
            try scene.expect(claimed, is: [known], "tasks claimed from behind 300 unknown ones")
        }
    }

    /// What was parked comes back when a worker joins that can run it.
    public func aLaterWorkerGetsWhatWasParked() async throws {
        try await scene { scene in
            let ignorant = try await scene.join([Self.old])
            let ids = try await scene.accept((0..<20).map { _ in scene.task("new") } + [scene.task("other")])
            try scene.expect(try await ignorant.claim().count, is: 0, "tasks claimed of an unknown name")
            let worker = try await scene.join([Self.new], on: scene.other)
            try await scene.expectState(.queued, of: ids[0], "when a worker that knows it has joined")
            let claimed = try await worker.claim()
            try scene.expect(Set(claimed.map(\.id)), is: Set(ids.dropLast()), "tasks claimed by the worker that knows them")
            try scene.expect(Set(claimed.map(\.attempt)), is: [1], "attempts after parking")
            try await scene.expectState(.parked, of: ids[20], "that this worker does not know either")
            for task in claimed { try await worker.commit(task) }
        }
    }

    /// A worker runs payloads of its own version and below; a newer one waits for a worker of that version.
    public func aNewerVersionWaitsForANewerWorker() async throws {
        try await scene { scene in
            let v1 = try await scene.join([TaskKind(name: "work", version: 1)])
            let newer = try await scene.accept(scene.task(version: 2))
            let older = try await scene.accept(scene.task(version: 1))
            try scene.expect(try await v1.claim().map(\.id), is: [older], "tasks for a worker of version 1")
            let newest = try await scene.accept(scene.task(version: 3))
            let another = try await scene.accept(scene.task(version: 1))
            let v2 = try await scene.join([TaskKind(name: "work", version: 2)])
            try scene.expect(Set(try await v2.claim().map(\.id)), is: [newer, another], "tasks for a worker of version 2")
            try scene.expect(try await scene.state(of: newest) != .running, "version 3 is run by nobody yet")
            let v3 = try await scene.join([TaskKind(name: "work", version: 3)])
            try scene.expect(try await v3.claim().map(\.id), is: [newest], "tasks for a worker of version 3")
        }
    }

    /// Workers that know different names share a queue: interleaved tasks of both names are all claimed, each by a worker that knows it.
    public func aMixedFleetDrainsBoth() async throws {
        try await scene { scene in
            let a = try await scene.join([Self.old])
            let b = try await scene.join([Self.new], on: scene.other)
            try await scene.accept((0..<200).map { scene.task($0.isMultiple(of: 2) ? "old" : "new") })
            let claimed = try await withThrowingTaskGroup(of: (Int, [ClaimedTask]).self) { group in
                for (index, worker) in [a, b].enumerated() {
                    group.addTask {
                        var mine: [ClaimedTask] = []
                        // A worker may find nothing while the other is passing its tasks over.
                        var misses = 0
                        while mine.count < 100 && misses < 200 {
                            let tasks = try await worker.claim(7)
                            for task in tasks { try await worker.commit(task) }
                            mine += tasks
                            misses = tasks.isEmpty ? misses + 1 : 0
                            if tasks.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
                        }
                        return (index, mine)
                    }
                }
                return try await group.reduce(into: [Int: [ClaimedTask]]()) { $0[$1.0] = $1.1 }
            }
            try scene.expect(claimed[0]?.map(\.envelope.name), is: Array(repeating: "old", count: 100), "names run by the first worker")
            try scene.expect(claimed[1]?.map(\.envelope.name), is: Array(repeating: "new", count: 100), "names run by the second worker")
        }
    }

    /// A task that one worker passed over is found by a living worker that knows it, without a new one joining.
    public func aTaskForALivingWorkerIsNotStuck() async throws {
        try await scene { scene in
            let knows = try await scene.join([Self.new])
            let ignorant = try await scene.join([Self.old], on: scene.other)
            for _ in 0..<10 {
                let id = try await scene.accept(scene.task("new"))
                for _ in 0..<3 { try scene.expect(try await ignorant.claim().count, is: 0, "tasks claimed of an unknown name") }
                try await knows.commit(try await knows.claim(id))
            }
        }
    }

    /// Tasks that were parked and may not start, since their limit is full, do not stand before those that may.
    public func whatIsParkedBehindALimitIsFound() async throws {
        try await scene { scene in
            let knows = try await scene.join(limits: [.perKey(3)])
            let limited = try await scene.accept((0..<3).map { _ in scene.limited("x", .perKey(3)) })
            let plain = try await scene.accept(scene.task())
            let ignorant = try await scene.join([Self.old], on: scene.other)
            try scene.expect(try await ignorant.claim().count, is: 0, "tasks claimed of an unknown name")
            // Joins and leaves, so that it is the other one that finds what was parked.
            let stricter = try await scene.join([TaskKind(name: "work", version: 0, limits: [.perKey(1)])])
            try await scene.engine.leave(stricter.incarnation)
            try scene.expect(try await knows.claim(2).map(\.id), is: [limited[0], plain], "tasks claimed of those that were parked")
        }
    }

    /// With a limit set, a task that was parked for longer is a dead letter; before, it is not.
    public func aTaskParkedForTooLongIsQuarantined() async throws {
        try await scene { scene in
            let worker = try await scene.join([Self.old])
            try await scene.advance(.hours(5))
            let id = try await scene.accept(scene.task("new", key: "k"))
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed of an unknown name")
            try await scene.advance(.minutes(50))
            try scene.expect(try await scene.tend(unregisteredAfter: .hours(1)).unregistered, is: 0, "tasks quarantined before the limit")
            try await scene.expectState(.parked, of: id, "before the limit")
            try await scene.advance(.minutes(11))
            try scene.expect(try await scene.tend(unregisteredAfter: .hours(1)).unregistered, is: 1, "tasks quarantined after the limit")
            let status = try await scene.engine.status(of: [id])[id]
            try scene.expect(status?.state, is: .quarantined, "state after the limit")
            try scene.expect(status?.reason, is: "UnregisteredTaskError", "reason")
            try scene.expect(
                status?.message?.contains("new") == true, "the message names the task; it says '\(status?.message ?? "nothing")'")
            try await scene.accept(scene.task("new", key: "k"))
        }
    }

    /// Parked is alive: the key stays taken.
    public func aParkedTaskKeepsItsKey() async throws {
        try await scene { scene in
            let worker = try await scene.join([Self.old])
            let id = try await scene.accept(scene.task("new", key: "k"))
            _ = try await worker.claim()
            try await scene.expectState(.parked, of: id, "of an unknown name")
            try scene.expect(try await scene.push(scene.task("new", key: "k")), is: .duplicate(by: id), "a push with a parked task's key")
        }
    }

    /// After its only capable worker died, a task waits parked with its count and checkpoint until another one joins.
    public func aRecoveredTaskIsParkedToo() async throws {
        try await scene { scene in
            let doomed = try await scene.join([Self.new])
            let task = try await scene.start(scene.task("new"), on: doomed)
            try await doomed.save("3", of: task)
            try await scene.die(doomed)
            let ignorant = try await scene.join([Self.old])
            try scene.expect(try await ignorant.claim().count, is: 0, "tasks claimed of an unknown name")
            let worker = try await scene.join([Self.new])
            let again = try await worker.claim(task.id)
            try scene.expect(again.resurrections, is: 1, "resurrections")
            try scene.expect(again.checkpoint, is: .inline(Data("3".utf8)), "checkpoint")
        }
    }
}
