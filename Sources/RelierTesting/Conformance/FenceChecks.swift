import Foundation
import Relier

extension EngineConformance {
    static let fenceChecks: [Check] = [
        Check("settlementsOfAnOldFenceAreRefused") { try await $0.settlementsOfAnOldFenceAreRefused() },
        Check("writesOfAnOldFenceAreRefused") { try await $0.writesOfAnOldFenceAreRefused() },
        Check("writesAfterTheEndAreRefused") { try await $0.writesAfterTheEndAreRefused() },
        Check("numberAndTokenMustBothBeCurrent") { try await $0.numberAndTokenMustBothBeCurrent() },
        Check("anUnknownTaskIsRefused") { try await $0.anUnknownTaskIsRefused() },
        Check("aRefusalDisturbsNothingInItsBatch") { try await $0.aRefusalDisturbsNothingInItsBatch() },
    ]

    private static let everyOutcome: [Settlement.Outcome] = [
        .commit(result: Data("\"late\"".utf8)), .retry(after: .zero, reason: "Late", message: "late"),
        .quarantine(reason: "Late", message: "late", keyHeld: false), .quarantine(reason: "Late", message: "late", keyHeld: true),
        .handBack, .snooze(key: "none"),
    ]

    /// A worker whose task was taken away can end it in no way: not while it waits, not while another runs it, not afterwards.
    public func settlementsOfAnOldFenceAreRefused() async throws {
        try await scene { scene in
            let late = try await scene.join(on: scene.other)
            let old = try await scene.start(scene.task(key: "k"), on: late)
            try await scene.die(late, .leaseEnded)
            func expectRefusals(_ when: String) async throws {
                for outcome in Self.everyOutcome {
                    try scene.expect(try await late.settle(old, outcome), is: .refused, "reply to a late \(outcome) \(when)")
                }
            }
            try await expectRefusals("while the task waits")
            let worker = try await scene.join()
            let task = try await worker.claim(old.id)
            try await expectRefusals("while another runs the task")
            try await worker.commit(task, "\"good\"")
            try await expectRefusals("after another committed")
            let status = try await scene.engine.status(of: [old.id])[old.id]
            try scene.expect(status?.state, is: .committed, "state in the end")
            try scene.expect(status?.result, is: Data("\"good\"".utf8), "result in the end")
            let outcomes = try await scene.details(of: old.id).history.map(\.outcome)
            try scene.expect(outcomes, is: ["worker-gone", "committed"], "outcomes in the history")
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: old.id), "a push with the key of the committed task")
        }
    }

    /// Checkpoints, keys and children of a worker whose task was taken away are refused, and change nothing.
    public func writesOfAnOldFenceAreRefused() async throws {
        try await scene { scene in
            let late = try await scene.join(on: scene.other)
            let old = try await scene.start(scene.task(), on: late)
            try await late.save("1", of: old)
            try scene.expect(try await late.acquire("key", for: old), is: .acquired, "taking a free key")
            try await scene.die(late)
            let worker = try await scene.join()
            for holder in ["nobody", "another worker"] {
                let when = "while \(holder) runs the task"
                if holder == "another worker" {
                    let task = try await worker.claim(old.id)
                    try scene.expect(task.checkpoint, is: .inline(Data("1".utf8)), "checkpoint for the next worker")
                }
                try await scene.expectError(.fenced, "saving a checkpoint \(when)") { try await late.save("2", of: old) }
                try await scene.expectError(.fenced, "removing a checkpoint \(when)") { try await late.save(nil, of: old) }
                try await scene.expectError(.fenced, "taking a key \(when)") { _ = try await late.acquire("another key", for: old) }
                try await scene.expectError(.fenced, "settling a key \(when)") {
                    try await late.settle("key", for: old, KeyValue(value: Data("9".utf8), ttl: .hours(1)))
                }
                try await scene.expectError(.fenced, "freeing a key \(when)") { try await late.settle("key", for: old, nil) }
                try await scene.expectError(.fenced, "pushing a child \(when)") { _ = try await scene.push(scene.task(parent: old)) }
            }
            let details = try await scene.details(of: old.id)
            try scene.expect(details.checkpointBytes, is: 1, "bytes of the checkpoint in the end")
            let stranger = try await scene.start(scene.task(), on: worker)
            try scene.expect(try await worker.acquire("key", for: stranger), is: .held(by: old.id), "who holds the key in the end")
            try scene.expect(
                try await worker.acquire("another key", for: stranger), is: .acquired, "the key that the late worker failed to take")
        }
    }

    /// A body that goes on after its task was committed or quarantined can write nothing.
    public func writesAfterTheEndAreRefused() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for ending in ["committed", "quarantined", "retried", "handed back"] {
                let task = try await scene.start(scene.task(), on: worker)
                switch ending {
                case "committed": try await worker.commit(task)
                case "quarantined": try await worker.quarantine(task)
                case "retried": try await worker.retry(task, after: .hours(1))
                default: try await worker.end(task, .handBack)
                }
                try await scene.expectError(.fenced, "saving a checkpoint when \(ending)") { try await worker.save("1", of: task) }
                try await scene.expectError(.fenced, "taking a key when \(ending)") { _ = try await worker.acquire("key", for: task) }
                try await scene.expectError(.fenced, "pushing a child when \(ending)") {
                    _ = try await scene.push(scene.task(parent: task))
                }
            }
        }
    }

    /// The number alone, or the token alone, gives no right to write.
    public func numberAndTokenMustBothBeCurrent() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            let wrong = [
                Fence(number: task.fence.number, token: task.fence.token ^ 1),
                Fence(number: task.fence.number + 1, token: task.fence.token),
                Fence(number: task.fence.number - 1, token: task.fence.token), Fence(number: 0, token: 0),
            ]
            for fence in wrong {
                let replies = try await scene.engine.settle([
                    Settlement(task: task.id, fence: fence, outcome: .commit(result: Data("{}".utf8)))
                ])
                try scene.expect(replies, is: [.refused], "reply to a commit under \(fence) where \(task.fence) is current")
                try await scene.expectError(.fenced, "a checkpoint under a wrong fence") {
                    try await scene.engine.saveCheckpoint(.inline(Data("1".utf8)), of: task.id, fence: fence)
                }
            }
            try await worker.commit(task)
        }
    }

    /// Nobody can end a task that does not exist, or was never claimed.
    public func anUnknownTaskIsRefused() async throws {
        try await scene { scene in
            let queued = try await scene.accept(scene.task())
            for id in [TaskID.next(), queued] {
                for outcome in Self.everyOutcome {
                    let replies = try await scene.engine.settle([
                        Settlement(task: id, fence: Fence(number: 0, token: 0), outcome: outcome)
                    ])
                    try scene.expect(replies, is: [.refused], "reply to a \(outcome) of a task that nobody runs")
                }
            }
            try await scene.expectState(.queued, of: queued, "after refused settlements")
            try scene.expect(try await scene.engine.settle([]), is: [], "replies to no settlement")
        }
    }

    /// In one call good settlements are carried out and bad ones refused, with the answers in order.
    public func aRefusalDisturbsNothingInItsBatch() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept((0..<4).map { _ in scene.task() })
            let tasks = try await worker.claim()
            var settlements = tasks.map { Settlement(task: $0.id, fence: $0.fence, outcome: .commit(result: Data("1".utf8))) }
            settlements[1].fence.token ^= 1
            settlements[2].task = .next()
            let replies = try await scene.engine.settle(settlements)
            try scene.expect(replies, is: [.done, .refused, .refused, .done], "replies")
            try await scene.expectState(.committed, of: tasks[0].id, "settled first")
            try await scene.expectState(.running, of: tasks[1].id, "settled under a wrong token")
            try await scene.expectState(.running, of: tasks[2].id, "not settled")
            try await scene.expectState(.committed, of: tasks[3].id, "settled last")
        }
    }
}
