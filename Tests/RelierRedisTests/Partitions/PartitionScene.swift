import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

/// Tests of a namespace of four partitions. What concerns two partitions is done in two steps: the engines made here as doomed die between them, and somebody
/// else finds what was left.
protocol PartitionScene {
    var namespace: String { get }
}

extension PartitionScene {
    var partitions: Int { 4 }

    /// - Parameter isDoomed: it dies before the second step of whatever concerns two partitions.
    func engine(isDoomed: Bool = false, partitions: Int? = nil) async throws -> RedisEngine {
        var options = RedisOptions(namespace: namespace, partitions: partitions ?? self.partitions)
        options.movesClocks = true
        options.losesMail = isDoomed
        return try await RedisEngine.connect(try await RedisServer.shared.value.url, options: options)
    }

    func task(
        _ name: String = "work", id: TaskID = .next(), key: String? = nil, limits: [LimitKey] = [],
        parent: (id: TaskID, fence: Fence)? = nil
    ) -> NewTask {
        NewTask(
            envelope: Envelope(
                id: id, name: name, version: 1, payload: Data("{}".utf8), enqueuedAt: EngineTime(microseconds: 0)),
            key: key, parent: parent, limits: limits)
    }

    var limit: LimitKey {
        LimitKey(LimitRule(task: "work", kind: .keyConcurrency, arguments: ["k"], maximum: 100), key: "x")
    }

    func worker(_ process: TaskID = .next(), isolated: Bool = false) -> WorkerInfo {
        WorkerInfo(
            incarnation: .next(), process: process, name: "w", host: "h", pid: 1, queues: [.default], concurrency: 10,
            kinds: [TaskKind(name: "work", version: 1), TaskKind(name: "other", version: 1)], lease: .seconds(5), isolated: isolated)
    }

    func claim(_ engine: RedisEngine, _ worker: WorkerInfo, _ number: Int64, _ limit: Int = 100) async throws -> [ClaimedTask] {
        try await engine.claim(
            ClaimRequest(
                incarnation: worker.incarnation, number: number, shares: [QueueShare(queue: .default, slots: limit)], limit: limit))
    }

    /// A key whose partition is not that of tasks with limits.
    func foreignKey(_ engine: RedisEngine, _ prefix: String = "k") -> String {
        let home = engine.partitions.home(of: task(limits: [limit]))
        return (0..<1000).lazy.map { "\(prefix)\($0)" }.first { engine.partitions.home(ofKey: KeyHash.of($0)) != home } ?? prefix
    }

    /// A key taken by hand of another partition than the task's.
    func foreignHand(_ engine: RedisEngine, _ id: TaskID) -> String {
        let home = engine.partitions.home(of: id)
        return (0..<1000).lazy.map { "hand \($0)" }.first { engine.partitions.home(ofKey: KeyHash.of($0)) != home } ?? ""
    }

    func dies(_ body: () async throws -> Void) async {
        await #expect(throws: EngineError.self) { try await body() }
    }

    func settle(_ engine: RedisEngine, _ task: ClaimedTask, _ outcome: Settlement.Outcome) async throws {
        #expect(try await engine.settle([Settlement(task: task.envelope.id, fence: task.fence, outcome: outcome)]) == [.done])
    }

    func state(_ engine: RedisEngine, _ id: TaskID) async throws -> TaskState? { try await engine.status(of: [id])[id]?.state }
}
