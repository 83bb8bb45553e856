import Foundation
import Relier

extension EngineConformance {
    static let suspectChecks: [Check] = [
        Check("aTrapMakesSuspectsOfAll") { try await $0.aTrapMakesSuspectsOfAll() },
        Check("aSuspectIsClaimedAloneAndOnlyAsASuspect") { try await $0.aSuspectIsClaimedAloneAndOnlyAsASuspect() },
        Check("aSuspectThatTrapsAloneIsConvicted") { try await $0.aSuspectThatTrapsAloneIsConvicted() },
        Check("theInnocentAreSpared") { try await $0.theInnocentAreSpared() },
        Check("aSuspectKilledFromOutsideStaysASuspect") { try await $0.aSuspectKilledFromOutsideStaysASuspect() },
        Check("aSuspectIsClaimedByOneWorker") { try await $0.aSuspectIsClaimedByOneWorker() },
        Check("aSuspectHandedBackStaysASuspect") { try await $0.aSuspectHandedBackStaysASuspect() },
        Check("onlyTrapsMakeSuspects") { try await $0.onlyTrapsMakeSuspects() },
    ]

    private func suspects(_ count: Int, _ scene: Scene, _ death: Death = .signalled(4)) async throws -> [TaskID] {
        let ids = try await scene.accept((0..<count).map { _ in scene.task() })
        let doomed = try await scene.join()
        try scene.expect(try await doomed.claim(count).count, is: count, "tasks claimed")
        let report = try await scene.die(doomed, death)
        try scene.expect(Set(report.suspects), is: Set(ids), "suspects after \(death.label)")
        return ids
    }

    /// All that a trapping process ran become suspects, with one resurrection more, and wait to run alone.
    public func aTrapMakesSuspectsOfAll() async throws {
        try await scene { scene in
            let ids = try await suspects(5, scene)
            for id in ids { try await scene.expectState(.suspect, of: id, "after a trap") }
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 5, "suspects that wait")
            let queue = try await scene.engine.queues().first { $0.queue == .default }
            try scene.expect(queue?.suspects, is: 5, "suspects of the queue")
            try scene.expect(queue?.queued, is: 0, "queued tasks of the queue")
            let history = try await scene.details(of: ids[0]).history
            try scene.expect(history.map(\.outcome), is: ["worker-gone"], "history")
            try scene.expect(history[0].detail?.contains("signal 4") == true, "the record tells the signal")
        }
    }

    /// Ordinary claims pass suspects over; a claim for suspects takes one and nothing else.
    public func aSuspectIsClaimedAloneAndOnlyAsASuspect() async throws {
        try await scene { scene in
            let ids = try await suspects(3, scene)
            let ordinary = try await scene.accept(scene.task())
            let worker = try await scene.join()
            try scene.expect(try await worker.claim().map(\.id), is: [ordinary], "tasks of an ordinary claim")
            let alone = try await scene.join(isolated: true)
            let tasks = try await alone.claim(shares: [QueueShare(queue: .default, slots: 10)], limit: 10, suspects: true)
            try scene.expect(tasks.count, is: 1, "tasks of a claim for suspects")
            try scene.expect(ids.contains(tasks[0].id), "a claim for suspects takes a suspect")
            try scene.expect(tasks[0].isSuspect, "it is marked as a suspect")
            try scene.expect(tasks[0].resurrections, is: 1, "resurrections of a suspect")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 2, "suspects that still wait")
            let ignorant = try await scene.join([TaskKind(name: "other", version: 1)], isolated: true)
            try scene.expect(try await ignorant.claimSuspect()?.id, is: nil, "a suspect for a worker that does not know its name")
            try scene.expect(
                try await scene.engine.suspectsWaiting(on: Scene.host), is: 2, "suspects that wait after a worker passed them over")
        }
    }

    /// Trapping alone convicts: the task is a dead letter with the death in its message, and no other task is touched.
    public func aSuspectThatTrapsAloneIsConvicted() async throws {
        try await scene { scene in
            let ids = try await suspects(2, scene)
            let alone = try await scene.join(isolated: true)
            let task = try scene.unwrap(try await alone.claimSuspect(), "a suspect")
            let report = try await scene.die(alone, .signalled(11))
            try scene.expect(report.quarantined, is: [task.id], "tasks convicted")
            let status = try await scene.engine.status(of: [task.id])[task.id]
            try scene.expect(status?.reason, is: "WorkerCrash", "reason")
            try scene.expect(
                status?.message?.contains("signal 11") == true, "the message tells the signal; it says '\(status?.message ?? "nothing")'")
            let letter = try await scene.engine.deadLetters(DeadLetterQuery(reason: "WorkerCrash")).items
            try scene.expect(letter.map(\.id), is: [task.id], "dead letters")
            let other = try scene.unwrap(ids.first { $0 != task.id }, "the other suspect")
            try await scene.expectState(.suspect, of: other, "after the other's conviction")
        }
    }

    /// A suspect that runs through alone commits as any other task.
    public func theInnocentAreSpared() async throws {
        try await scene { scene in
            let ids = try await suspects(9, scene, .exited(status: 1))
            for _ in ids {
                let alone = try await scene.join(isolated: true)
                let task = try scene.unwrap(try await alone.claimSuspect(), "a suspect")
                try await alone.commit(task, "1")
                try await scene.engine.leave(alone.incarnation)
            }
            let states = try await scene.engine.status(of: ids)
            try scene.expect(states.values.allSatisfy { $0.state == .committed }, "all nine suspects commit")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 0, "suspects that wait in the end")
        }
    }

    /// A kill from outside, or a lease's end, convicts nobody: the suspect runs alone again, until it has lost as many workers in a row as it may.
    public func aSuspectKilledFromOutsideStaysASuspect() async throws {
        try await scene { scene in
            let ids = try await suspects(1, scene, .outOfMemory)
            for (index, death) in [Death.signalled(9), .leaseEnded, .lockFreed, .signalled(15)].enumerated() {
                let alone = try await scene.join(isolated: true)
                let task = try scene.unwrap(try await alone.claimSuspect(), "the suspect after \(index) kills")
                try scene.expect(task.resurrections, is: index + 1, "resurrections of the suspect")
                let report = try await scene.die(alone, death)
                try scene.expect(report.suspects, is: ids, "suspects after \(death.label)")
            }
            let alone = try await scene.join(isolated: true)
            _ = try await alone.claimSuspect()
            try scene.expect(try await scene.die(alone, .signalled(9)).quarantined, is: ids, "quarantined after its last resurrection")
            let reason = try await scene.engine.status(of: ids)[ids[0]]?.reason
            try scene.expect(reason, is: "max_resurrections_exceeded", "reason")
        }
    }

    /// Many isolated workers at once: each suspect is handed out once.
    public func aSuspectIsClaimedByOneWorker() async throws {
        try await scene { scene in
            let ids = try await suspects(10, scene)
            var workers: [PuppetWorker] = []
            for index in 0..<20 {
                workers.append(try await scene.join(on: index.isMultiple(of: 2) ? scene.engine : scene.other, isolated: true))
            }
            let claimed = try await withThrowingTaskGroup(of: TaskID?.self) { group in
                for worker in workers { group.addTask { try await worker.claimSuspect()?.id } }
                return try await group.reduce(into: []) { $0.append($1) }
            }.compactMap(\.self)
            try scene.expect(claimed.count, is: 10, "suspects handed out to twenty workers")
            try scene.expect(Set(claimed), is: Set(ids), "suspects handed out")
        }
    }

    /// A drain of an isolated process does not send the suspect among the others.
    public func aSuspectHandedBackStaysASuspect() async throws {
        try await scene { scene in
            let ids = try await suspects(2, scene)
            for way in ["handed back", "left"] {
                let alone = try await scene.join(isolated: true)
                let task = try scene.unwrap(try await alone.claimSuspect(), "a suspect")
                if way == "left" { try await scene.engine.leave(alone.incarnation) } else { try await alone.end(task, .handBack) }
                try await scene.expectState(.suspect, of: task.id, "after it was \(way)")
            }
            let worker = try await scene.join()
            try scene.expect(try await worker.claim().count, is: 0, "tasks of an ordinary claim")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: ids.count, "suspects that wait")
        }
    }

    /// Which deaths put the tasks of a process under suspicion.
    public func onlyTrapsMakeSuspects() async throws {
        try await scene { scene in
            let deaths: [(Death, Bool)] = [
                (.signalled(4), true), (.signalled(5), true), (.signalled(6), true), (.signalled(7), true), (.signalled(8), true),
                (.signalled(11), true), (.exited(status: 1), true), (.exited(status: 255), true), (.outOfMemory, true),
                (.exited(status: 0), true), (.exited(status: 79), true), (.signalled(9), false), (.signalled(15), false),
                (.signalled(1), false),
                (.leaseEnded, false), (.lockFreed, false),
            ]
            for (death, makesSuspects) in deaths {
                let doomed = try await scene.join(queues: ["q"])
                let task = try await scene.start(scene.task(queue: "q"), on: doomed)
                let report = try await scene.die(doomed, death)
                try scene.expect(report.suspects, is: makesSuspects ? [task.id] : [], "suspects after \(death.label)")
                try scene.expect(report.requeued, is: makesSuspects ? [] : [task.id], "tasks queued again after \(death.label)")
                if !makesSuspects {
                    let worker = try await scene.join(queues: ["q"])
                    try await worker.commit(try await worker.claim(task.id, from: "q"))
                }
            }
        }
    }
}
