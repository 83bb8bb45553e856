import Foundation
import Relier

extension EngineConformance {
    static let lostReplyChecks: [Check] = [
        Check("aPushWhoseReplyWasLostIsSentAgain") { try await $0.aPushWhoseReplyWasLostIsSentAgain() },
        Check("aClaimWhoseReplyWasLostComesBack") { try await $0.aClaimWhoseReplyWasLostComesBack() },
        Check("aCommitWhoseReplyWasLostIsNotRunAgain") { try await $0.aCommitWhoseReplyWasLostIsNotRunAgain() },
        Check("writesOfABodyMayBeSentAgain") { try await $0.writesOfABodyMayBeSentAgain() },
        Check("recoveryMayBeSentAgain") { try await $0.recoveryMayBeSentAgain() },
        Check("aFailedJoinLeavesNothingThatHolds") { try await $0.aFailedJoinLeavesNothingThatHolds() },
    ]

    private func expectLoss(_ scene: Scene, _ what: String, _ body: () async throws -> Void) async throws {
        try await scene.expectError(.outcomeUnknown, what, body)
    }

    /// Whether the request or the reply was lost: pushed again under its ids, a batch is there once.
    public func aPushWhoseReplyWasLostIsSentAgain() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let lossy = LossyEngine(scene.engine)
            for (fault, expected) in [(LossyEngine.Fault.replyLost, PushOutcome.known), (.requestLost, .accepted)] {
                lossy.inject(fault, into: .push)
                let tasks = [scene.task(key: "k\(expected)"), scene.task(due: .after(.hours(1))), scene.task()]
                try await expectLoss(scene, "a push with a fault") { _ = try await lossy.push(tasks) }
                let outcomes = try await lossy.push(tasks)
                // A task with a key may as well be called a duplicate of itself: its receipt names the same task.
                let mine = PushOutcome.duplicate(by: tasks[0].envelope.id)
                try scene.expect(outcomes[0] == expected || outcomes[0] == mine, "outcome of a push sent again; found \(outcomes[0])")
                try scene.expect(Array(outcomes.dropFirst()), is: [expected, expected], "outcomes of a push sent again")
                try scene.expect(
                    Set(try await worker.claim().map(\.id)), is: [tasks[0].envelope.id, tasks[2].envelope.id], "tasks to claim")
            }
        }
    }

    /// The tasks of a claim whose reply was lost are queued again by the worker's next renewal.
    public func aClaimWhoseReplyWasLostComesBack() async throws {
        try await scene { scene in
            let lossy = LossyEngine(scene.engine)
            let worker = try await scene.join(on: lossy)
            let ids = try await scene.accept((0..<10).map { _ in scene.task() })
            lossy.inject(.replyLost, into: .claim)
            try await expectLoss(scene, "a claim with a fault") { _ = try await worker.claim(4) }
            let second = try await worker.claim(3)
            lossy.inject(.unavailable, into: .renew)
            let held = Dictionary(uniqueKeysWithValues: second.map { ($0.id, $0.fence) })
            try await scene.expectError(.unavailable, "a renewal with a fault") {
                _ = try worker.lease.renew(holding: held, settledThrough: worker.request)
            }
            _ = try worker.lease.renew(holding: held, settledThrough: worker.request)
            var done: [TaskID] = []
            for task in second {
                try await worker.commit(task)
                done.append(task.id)
            }
            try await scene.eventually("all tasks of the lost claim are handed out again") {
                for task in try await worker.claim() {
                    try await worker.commit(task)
                    done.append(task.id)
                }
                return done.count >= 10
            }
            try scene.expect(done.count, is: 10, "commits of 10 tasks")
            try scene.expect(Set(done), is: Set(ids), "tasks committed")
        }
    }

    /// A commit whose reply was lost is `done` when it is sent again, and is neither queued again nor resurrected.
    public func aCommitWhoseReplyWasLostIsNotRunAgain() async throws {
        try await scene { scene in
            let lossy = LossyEngine(scene.engine)
            let worker = try await scene.join(on: lossy)
            for fault in [LossyEngine.Fault.replyLost, .requestLost] {
                let task = try await scene.start(scene.task(), on: worker)
                lossy.inject(fault, into: .settle, times: 2)
                for _ in 0..<2 {
                    try await expectLoss(scene, "a commit with a fault") {
                        _ = try await worker.settle(task, .commit(result: Data("1".utf8)))
                    }
                }
                try await worker.commit(task, "1")
                try scene.expect(
                    try worker.lease.renew(holding: [:], settledThrough: worker.request), is: .renewed(lost: [], strays: 0),
                    "the next renewal")
                try scene.expect(try await scene.details(of: task.id).history.map(\.outcome), is: ["committed"], "history")
            }
            try scene.expect(try await scene.die(worker).count, is: 0, "tasks to resurrect when the worker dies")
            let next = try await scene.join()
            try scene.expect(try await next.claim().count, is: 0, "tasks to claim")
        }
    }

    /// Checkpoints, keys and children sent again under the same fence are there once.
    public func writesOfABodyMayBeSentAgain() async throws {
        try await scene { scene in
            let lossy = LossyEngine(scene.engine)
            let worker = try await scene.join(on: lossy)
            let task = try await scene.start(scene.task(), on: worker)
            lossy.inject(.replyLost, into: .saveCheckpoint)
            try await expectLoss(scene, "a checkpoint with a fault") { try await worker.save("1", of: task) }
            try await worker.save("1", of: task)
            lossy.inject(.replyLost, into: .acquireKey)
            try await expectLoss(scene, "taking a key with a fault") { _ = try await worker.acquire("k", for: task) }
            try scene.expect(try await worker.acquire("k", for: task), is: .acquired, "taking the key again")
            lossy.inject(.replyLost, into: .settleKey)
            let value = KeyValue(value: Data("1".utf8), ttl: .hours(1))
            try await expectLoss(scene, "settling a key with a fault") { try await worker.settle("k", for: task, value) }
            try await worker.settle("k", for: task, value)
            try scene.expect(try await worker.acquire("k", for: task), is: .completed(Data("1".utf8)), "the key after it was settled twice")
            let child = scene.task(parent: task)
            lossy.inject(.replyLost, into: .push)
            try await expectLoss(scene, "pushing a child with a fault") { _ = try await lossy.push([child]) }
            try scene.expect(try await lossy.push([child]), is: [.known], "pushing the child again")
            try await worker.commit(task)
            try scene.expect(try await worker.claim().map(\.id), is: [child.envelope.id], "children to claim")
        }
    }

    /// Releases of workers and of dead letters, and leaving, do their work once, however often they are sent.
    public func recoveryMayBeSentAgain() async throws {
        try await scene { scene in
            let lossy = LossyEngine(scene.engine)
            let doomed = try await scene.join()
            let task = try await scene.start(scene.task(), on: doomed)
            lossy.inject(.replyLost, into: .release)
            for attempt in 1...2 {
                do {
                    let report = try await lossy.release(.process(doomed.info.process), death: .signalled(9), limits: ReleaseLimits())
                    try scene.expect(report.count, is: 0, "tasks moved by release \(attempt)")
                } catch let error as EngineError {
                    try scene.expect(attempt == 1 && error.code == .outcomeUnknown, "only the first release fails; \(error)")
                }
            }
            let worker = try await scene.join(on: lossy)
            let again = try await worker.claim(task.id)
            try scene.expect(again.resurrections, is: 1, "resurrections of a release sent twice")
            try await worker.quarantine(again)
            lossy.inject(.replyLost, into: .releaseDeadLetter)
            try await expectLoss(scene, "releasing a dead letter with a fault") { try await lossy.releaseDeadLetter(task.id, fresh: false) }
            try await scene.expectError(.notFound, "releasing it again") { try await lossy.releaseDeadLetter(task.id, fresh: false) }
            let third = try await worker.claim(task.id)
            lossy.inject(.replyLost, into: .leave)
            try await expectLoss(scene, "leaving with a fault") { try await lossy.leave(worker.incarnation) }
            try scene.expect(try await worker.settle(third, .commit(result: Data())), is: .refused, "reply to a commit after leaving")
            let last = try await scene.join()
            try await last.commit(try await last.claim(task.id))
        }
    }

    /// A join whose reply was lost leaves an incarnation that holds nothing and can be released like any other.
    public func aFailedJoinLeavesNothingThatHolds() async throws {
        try await scene { scene in
            let lossy = LossyEngine(scene.engine)
            lossy.inject(.replyLost, into: .join)
            let process = TaskID.next()
            try await expectLoss(scene, "joining with a fault") { _ = try await scene.join(process: process, on: lossy) }
            let worker = try await scene.join(process: process, on: lossy)
            let task = try await scene.start(scene.task(), on: worker)
            try scene.expect(try await scene.die(worker).requeued, is: [task.id], "tasks queued again when the process dies")
            try scene.expect(try await scene.engine.leases().count, is: 0, "leases left of that process")
        }
    }
}
