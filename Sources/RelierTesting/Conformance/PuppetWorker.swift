import Foundation
import Relier
import Synchronization

/// A worker whose strings a check pulls: it does what it is told, once, and nothing by itself.
final class PuppetWorker: Sendable {
    let engine: any Engine
    let info: WorkerInfo
    let lease: any LeaseHolder
    private let scene: Scene
    private let lastRequest = Mutex<Int64>(0)

    init(scene: Scene, engine: any Engine, kinds: [TaskKind], queues: [Queue], process: TaskID, isolated: Bool) async throws {
        self.scene = scene
        self.engine = engine
        info = WorkerInfo(
            incarnation: .next(), process: process, name: "puppet", host: Scene.host, pid: 1, queues: queues, concurrency: 10, kinds: kinds,
            lease: .seconds(5), isolated: isolated)
        lease = try await engine.join(info)
    }

    var incarnation: Incarnation { info.incarnation }
    /// The number of the last claim.
    var request: Int64 { lastRequest.withLock { $0 } }

    private func nextRequest() -> Int64 {
        lastRequest.withLock { number in
            number += 1
            return number
        }
    }

    func claim(shares: [QueueShare], limit: Int, suspects: Bool = false) async throws -> [ClaimedTask] {
        let tasks = try await engine.claim(
            ClaimRequest(incarnation: incarnation, number: nextRequest(), shares: shares, limit: limit, suspects: suspects))
        try scene.expect(tasks.count <= limit, "a claim of at most \(limit) gave \(tasks.count)")
        return tasks
    }

    /// Claims what there is in its queues, up to `limit`.
    func claim(_ limit: Int = 100) async throws -> [ClaimedTask] {
        try await claim(shares: info.queues.map { QueueShare(queue: $0, slots: limit) }, limit: limit)
    }

    /// Claims and expects this one task. Where the engine under test keeps no order, others that came before it are handed back.
    func claim(_ id: TaskID, from queue: Queue = .default) async throws -> ClaimedTask {
        func claimOne() async throws -> [ClaimedTask] { try await claim(shares: [QueueShare(queue: queue, slots: 1)], limit: 1) }
        var tasks = try await claimOne()
        var others: [ClaimedTask] = []
        while !scene.subject.keepsOrder, let other = tasks.first, other.id != id {
            others.append(other)
            tasks = try await claimOne()
        }
        for other in others { try await end(other, .handBack) }
        try scene.expect(tasks.map(\.id), is: [id], "ids of the tasks claimed")
        return tasks[0]
    }

    /// Claims a suspect; `nil` when there is none for it.
    func claimSuspect() async throws -> ClaimedTask? {
        let tasks = try await claim(shares: info.queues.map { QueueShare(queue: $0, slots: 1) }, limit: 1, suspects: true)
        return tasks.first
    }

    func settle(_ task: ClaimedTask, _ outcome: Settlement.Outcome) async throws -> SettleReply {
        let replies = try await engine.settle([Settlement(task: task.id, fence: task.fence, outcome: outcome)])
        try scene.expect(replies.count, is: 1, "replies to one settlement")
        return replies[0]
    }

    /// Settles and expects that it was carried out.
    func end(_ task: ClaimedTask, _ outcome: Settlement.Outcome) async throws {
        try scene.expect(try await settle(task, outcome), is: .done, "reply to a settlement under the current fence")
    }

    func commit(_ task: ClaimedTask, _ result: String = "{}") async throws {
        try await end(task, .commit(result: Data(result.utf8)))
    }

    func quarantine(_ task: ClaimedTask, _ reason: String = "TestError", keyHeld: Bool = false) async throws {
        try await end(task, .quarantine(reason: reason, message: "told to fail", keyHeld: keyHeld))
    }

    func retry(_ task: ClaimedTask, after: Duration = .zero) async throws {
        try await end(task, .retry(after: after, reason: "TestError", message: "told to try again"))
    }

    func acquire(_ key: String, for task: ClaimedTask) async throws -> KeyAnswer {
        try await engine.acquireKey(key, for: task.id, fence: task.fence)
    }

    func settle(_ key: String, for task: ClaimedTask, _ value: KeyValue?) async throws {
        try await engine.settleKey(key, for: task.id, fence: task.fence, value: value)
    }

    func save(_ text: String?, of task: ClaimedTask) async throws {
        try await engine.saveCheckpoint(text.map { .inline(Data($0.utf8)) }, of: task.id, fence: task.fence)
    }
}
