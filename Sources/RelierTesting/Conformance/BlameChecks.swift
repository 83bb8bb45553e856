import Foundation
import Relier

/// Who pays for a lost worker: nobody who was not alone with it.
extension EngineConformance {
    static let blameChecks: [Check] = [
        Check("whoIsLostTwiceRunsAlone") { try await $0.whoIsLostTwiceRunsAlone() },
        Check("onlyLossesAloneConvict") { try await $0.onlyLossesAloneConvict() },
        Check("progressStartsTheCountAnew") { try await $0.progressStartsTheCountAnew() },
        Check("aDayOrANormalEndStartsTheCountAnew") { try await $0.aDayOrANormalEndStartsTheCountAnew() },
        Check("aWholeLifeHasABound") { try await $0.aWholeLifeHasABound() },
        Check("aMassKillMakesFewLoneRuns") { try await $0.aMassKillMakesFewLoneRuns() },
        Check("whoWasLostAloneHasItsHostToItself") { try await $0.whoWasLostAloneHasItsHostToItself() },
        Check("anOrderlyEndCostsNothing") { try await $0.anOrderlyEndCostsNothing() },
    ]

    /// Deaths that point at nobody.
    private static let blameless: [Death] = [.signalled(9), .leaseEnded, .lockFreed, .signalled(15)]

    /// Loses a worker under one task that is ready, and answers what became of it.
    private func lose(
        _ id: TaskID, _ death: Death, _ scene: Scene, _ limits: ReleaseLimits = ReleaseLimits(), checkpoint: String? = nil
    ) async throws -> ReleaseReport {
        let doomed = try await scene.join()
        let task = try await doomed.claim(id)
        if let checkpoint { try await doomed.save(checkpoint, of: task) }
        return try await scene.engine.release(.process(doomed.info.process), death: death, limits: limits)
    }

    /// The same for a suspect.
    private func loseAlone(
        _ id: TaskID, _ death: Death, _ scene: Scene, _ limits: ReleaseLimits = ReleaseLimits(), checkpoint: String? = nil
    ) async throws -> ReleaseReport {
        let alone = try await scene.join(isolated: true)
        let task = try scene.unwrap(try await alone.claimSuspect(), "a suspect")
        try scene.expect(task.id, is: id, "the suspect")
        if let checkpoint { try await alone.save(checkpoint, of: task) }
        return try await scene.engine.release(.process(alone.info.process), death: death, limits: limits)
    }

    /// After the second loss in a row a task runs alone, whatever took its workers; nobody is quarantined for it.
    public func whoIsLostTwiceRunsAlone() async throws {
        try await scene { scene in
            for death in Self.blameless {
                let id = try await scene.accept(scene.task())
                try scene.expect(try await lose(id, death, scene).requeued, is: [id], "queued again after '\(death.label)'")
                try scene.expect(try await lose(id, death, scene).suspects, is: [id], "to run alone after '\(death.label)' twice")
                let alone = try await scene.join(isolated: true)
                let task = try scene.unwrap(try await alone.claimSuspect(), "the suspect")
                try scene.expect(task.resurrections, is: 2, "resurrections")
                try await alone.commit(task)
            }
        }
    }

    /// However many workers go under many tasks at once, only those that a task lost alone and in a row convict it.
    public func onlyLossesAloneConvict() async throws {
        try await scene { scene in
            let limits = ReleaseLimits(maxResurrections: 3)
            let id = try await scene.accept(scene.task())
            _ = try await lose(id, .leaseEnded, scene, limits)
            _ = try await lose(id, .signalled(9), scene, limits)
            for loss in 1...3 {
                let report = try await loseAlone(id, loss == 2 ? .leaseEnded : .signalled(9), scene, limits)
                try scene.expect(report.suspects, is: loss < 3 ? [id] : [], "suspects at loss \(loss) alone")
                try scene.expect(report.quarantined, is: loss < 3 ? [] : [id], "quarantined at loss \(loss) alone")
            }
            let status = try await scene.engine.status(of: [id])[id]
            try scene.expect(status?.reason, is: "max_resurrections_exceeded", "reason")
            try scene.expect(
                status?.message,
                is: "3 workers in a row were lost under it while it ran alone, and no more are allowed; the last: signal 9",
                "message")
            let letter = try await scene.engine.deadLetters(DeadLetterQuery()).items.first
            try scene.expect(letter?.resurrections, is: 5, "resurrections of the dead letter")
        }
    }

    /// A checkpoint that differs from the one that the attempt began with is progress, also when the bytes were stored before; the same again is none.
    public func progressStartsTheCountAnew() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for round in 0..<10 {
                let report = try await lose(id, .signalled(9), scene, checkpoint: "\(round % 2)")
                try scene.expect(report.requeued, is: [id], "queued again after a loss with progress, round \(round)")
            }
            // Saved again as it was: nothing has come of the attempt.
            try scene.expect(try await lose(id, .signalled(9), scene, checkpoint: "1").suspects, is: [id], "to run alone without progress")
            let limits = ReleaseLimits(maxResurrections: 2)
            for round in 0..<4 {
                let report = try await loseAlone(id, .signalled(9), scene, limits, checkpoint: "alone \(round)")
                try scene.expect(report.suspects, is: [id], "still a suspect after a loss alone with progress, round \(round)")
            }
            let alone = try await scene.join(isolated: true)
            let task = try scene.unwrap(try await alone.claimSuspect(), "the suspect")
            try await alone.save("on the way", of: task)
            // Where it began.
            try await alone.save("alone 3", of: task)
            let report = try await scene.die(alone, maxResurrections: 2)
            try scene.expect(report.quarantined, is: [id], "quarantined after a second loss alone without progress")
        }
    }

    /// Losses that are a day apart, or have a normal end of an attempt between them, are not in a row.
    public func aDayOrANormalEndStartsTheCountAnew() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for _ in 0..<6 {
                try scene.expect(try await lose(id, .leaseEnded, scene).requeued, is: [id], "queued again after a loss a day later")
                try await scene.advance(.hours(25))
            }
            for _ in 0..<3 {
                try scene.expect(try await lose(id, .leaseEnded, scene).requeued, is: [id], "queued again after a retry")
                let worker = try await scene.join()
                try await worker.retry(try await worker.claim(id))
            }
            try scene.expect(try await lose(id, .leaseEnded, scene).requeued, is: [id], "queued again")
            try await scene.advance(.hours(23))
            try scene.expect(try await lose(id, .leaseEnded, scene).suspects, is: [id], "to run alone within a day")
        }
    }

    /// Progress or not, a task that has lost as many workers as it may in its life runs alone, and the next one lost there quarantines it.
    public func aWholeLifeHasABound() async throws {
        try await scene { scene in
            let limits = ReleaseLimits(maxLosses: 4)
            let id = try await scene.accept(scene.task())
            for round in 1...3 {
                let report = try await lose(id, .signalled(9), scene, limits, checkpoint: "\(round)")
                try scene.expect(report.requeued, is: [id], "queued again with progress, loss \(round)")
            }
            try scene.expect(
                try await lose(id, .signalled(9), scene, limits, checkpoint: "4").suspects, is: [id], "to run alone at its last loss")
            let report = try await loseAlone(id, .signalled(9), scene, limits, checkpoint: "5")
            try scene.expect(report.quarantined, is: [id], "quarantined at the next one")
            try scene.expect(try await scene.engine.status(of: [id])[id]?.reason, is: "max_resurrections_exceeded", "reason")
            // Its count goes with it, unless it is to start afresh.
            try await scene.engine.releaseDeadLetter(id, fresh: false)
            try scene.expect(try await lose(id, .signalled(9), scene, limits, checkpoint: "6").suspects, is: [id], "to run alone again")
            _ = try await loseAlone(id, .signalled(9), scene, limits)
            try await scene.engine.releaseDeadLetter(id, fresh: true)
            try scene.expect(try await lose(id, .signalled(9), scene, limits).requeued, is: [id], "queued again after a fresh release")
        }
    }

    /// While as many wait to run alone as may, those lost a second time are queued among the others again.
    public func aMassKillMakesFewLoneRuns() async throws {
        try await scene { scene in
            let limits = ReleaseLimits(maxLoneTasks: 2)
            let ids = Set(try await scene.accept((0..<6).map { _ in scene.task() }))
            for kill in 1...2 {
                let doomed = try await scene.join()
                try scene.expect(try await doomed.claim(6).count, is: 6, "tasks claimed before kill \(kill)")
                let report = try await scene.engine.release(.process(doomed.info.process), death: .signalled(9), limits: limits)
                try scene.expect(report.suspects.count, is: kill == 1 ? 0 : 2, "suspects after kill \(kill)")
                try scene.expect(report.requeued.count, is: kill == 1 ? 6 : 4, "queued again after kill \(kill)")
                try scene.expect(Set(report.requeued + report.suspects), is: ids, "tasks after kill \(kill)")
            }
            let worker = try await scene.join()
            for task in try await worker.claim(6) { try await worker.commit(task) }
            for _ in 0..<2 {
                let alone = try await scene.join(isolated: true)
                try await alone.commit(try scene.unwrap(try await alone.claimSuspect(), "a suspect"))
            }
        }
    }

    /// A suspect that was lost alone starts when no other runs on its host, after those that were not, and none starts beside it. Another host is another matter.
    public func whoWasLostAloneHasItsHostToItself() async throws {
        try await scene { scene in
            let first = try await scene.accept(scene.task())
            _ = try await lose(first, .signalled(11), scene)
            _ = try await loseAlone(first, .signalled(9), scene)
            let second = try await scene.accept(scene.task())
            _ = try await lose(second, .signalled(11), scene)
            try scene.expect(
                try await scene.engine.suspectsWaiting(on: Scene.host), is: 1, "suspects to start, the one lost alone comes later")
            let alone = try await scene.join(isolated: true)
            let task = try scene.unwrap(try await alone.claimSuspect(), "the suspect that was not lost alone")
            try scene.expect(task.id, is: second, "the suspect that comes first")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 0, "suspects to start beside one that runs")
            let other = try await scene.join(isolated: true)
            try scene.expect(try await other.claimSuspect()?.id, is: nil, "a suspect beside one that runs")
            try scene.expect(try await scene.engine.suspectsWaiting(on: "elsewhere"), is: 1, "suspects to start on another host")
            try await alone.commit(task)
            let exclusive = try scene.unwrap(try await other.claimSuspect(), "the suspect that was lost alone")
            try scene.expect(exclusive.id, is: first, "the suspect that was lost alone")
            let third = try await scene.accept(scene.task())
            _ = try await lose(third, .signalled(11), scene)
            try scene.expect(
                try await scene.engine.suspectsWaiting(on: Scene.host), is: 0, "suspects to start beside one that has its host to itself")
            try scene.expect(try await alone.claimSuspect()?.id, is: nil, "a suspect beside one that has its host to itself")
            try await other.commit(exclusive)
            try scene.expect(try await alone.claimSuspect()?.id, is: third, "the suspect that came after it")
        }
    }

    /// What a worker held that was told to drain, or left by itself at its lease's end, goes back and counts nothing, alone or not.
    public func anOrderlyEndCostsNothing() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for death in [Death.drained, .selfStopped] {
                for _ in 0..<4 {
                    try scene.expect(try await lose(id, death, scene).handedBack, is: [id], "handed back after '\(death.label)'")
                }
            }
            _ = try await lose(id, .signalled(11), scene)
            for death in [Death.drained, .selfStopped] {
                for _ in 0..<4 {
                    let report = try await loseAlone(id, death, scene)
                    try scene.expect(report.handedBack, is: [id], "a suspect handed back after '\(death.label)'")
                }
            }
            let alone = try await scene.join(isolated: true)
            try scene.expect(try await alone.claimSuspect()?.resurrections, is: 1, "resurrections")
        }
    }
}
