import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("Outages and full memory", .serialized)
struct OutageTests {
    private func task(_ payload: Int = 10) -> NewTask {
        NewTask(
            envelope: Envelope(
                id: .next(), name: "work", version: 1, payload: Data(repeating: 0x20, count: payload),
                enqueuedAt: EngineTime(microseconds: 0)))
    }

    private func info() -> WorkerInfo {
        WorkerInfo(
            incarnation: .next(), process: .next(), name: "w", host: "h", pid: 1, queues: [.default], concurrency: 10,
            kinds: [TaskKind(name: "work", version: 1)], lease: .seconds(5))
    }

    private func claim(_ engine: RedisEngine, _ worker: WorkerInfo, _ number: Int64, _ limit: Int = 100) async throws -> [ClaimedTask] {
        try await engine.claim(
            ClaimRequest(
                incarnation: worker.incarnation, number: number, shares: [QueueShare(queue: .default, slots: limit)], limit: limit))
    }

    private func commit(_ tasks: [ClaimedTask], _ engine: RedisEngine) async throws -> [SettleReply] {
        try await engine.settle(tasks.map { Settlement(task: $0.envelope.id, fence: $0.fence, outcome: .commit(result: Data("1".utf8))) })
    }

    @Test("what a restarted server had on disk is there again, and its scripts are loaded anew")
    func restart() async throws {
        let server = try await RedisServer(.init(append: .always))
        defer { server.stop() }
        let engine = try await RedisEngine.connect(server.url)
        let worker = info()
        let lease = try await engine.join(worker)
        let tasks = (0..<10).map { _ in task() }
        _ = try await engine.push(tasks)
        let held = try await claim(engine, worker, 1, 3)
        try await server.restart()
        let replies = try await retried { try await commit(held, engine) }
        #expect(replies == [.done, .done, .done])
        let rest = try await retried { try await claim(engine, worker, 2) }
        #expect(rest.map(\.envelope.id) == tasks[3...].map(\.envelope.id))
        let renewal = try await retried { try lease.renew(holding: [:], settledThrough: 0) }
        #expect(renewal == .renewed(lost: [], strays: 0))
        try await engine.close()
    }

    @Test("a waiting worker wakes for a push after an outage")
    func waiting() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        let engine = try await RedisEngine.connect(server.url)
        let other = try await RedisEngine.connect(server.url)
        let worker = info()
        _ = try await engine.join(worker)
        let wait = Task { await engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60)) }
        try await server.awaitWaiters(1, in: RedisOptions().namespace)
        try await server.restart()
        await wait.value
        let start = ContinuousClock.now
        _ = try await retried { try await other.push([task()]) }
        var claimed: [ClaimedTask] = []
        var number: Int64 = 0
        while claimed.isEmpty, start.duration(to: .now) < .seconds(10) {
            await engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(5))
            number += 1
            claimed = (try? await claim(engine, worker, number)) ?? []
        }
        #expect(claimed.count == 1)
        #expect(start.duration(to: .now) < .seconds(3))
        try await engine.close()
        try await other.close()
    }

    @Test("with its memory full a server takes no push, and what it has drains")
    func full() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        let engine = try await RedisEngine.connect(server.url)
        let worker = info()
        _ = try await engine.join(worker)
        let accepted = (0..<200).map { _ in task(2000) }
        _ = try await engine.push(accepted)
        try await server.limitMemory()
        let error = await #expect(throws: EngineError.self) { _ = try await engine.push([task(2000)]) }
        #expect(error?.code == .full)
        var done: Set<TaskID> = []
        var number: Int64 = 0
        while done.count < 200, number < 50 {
            number += 1
            let tasks = try await claim(engine, worker, number, 50)
            #expect(try await commit(tasks, engine).allSatisfy { $0 == .done })
            done.formUnion(tasks.map(\.envelope.id))
        }
        #expect(done == Set(accepted.map(\.envelope.id)))
        try await engine.close()
    }

    @Test("a cancelled caller's settlement is carried out")
    func cancelled() async throws {
        let engine = try await RedisEngine.connect(RedisServer.shared.value.url, options: RedisOptions(namespace: "t-\(UUID())"))
        let worker = info()
        _ = try await engine.join(worker)
        _ = try await engine.push([task()])
        let held = try await claim(engine, worker, 1)
        let settle = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await commit(held, engine)
        }
        settle.cancel()
        #expect(try await settle.value == [.done])
        try await engine.close()
    }

    /// Again, while the server is coming back.
    private func retried<Value>(_ body: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        while true {
            do { return try await body() } catch let error as EngineError {
                guard [.unavailable, .outcomeUnknown].contains(error.code), start.duration(to: .now) < .seconds(10) else { throw error }
                try await Task.sleep(for: .milliseconds(20))  // waits: between two tries, since the server tells nobody that it is back
            }
        }
    }
}
