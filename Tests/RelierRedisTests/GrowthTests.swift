import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("Nothing grows without bound", .serialized)
struct GrowthTests {
    private func engine(_ server: RedisServer, _ namespace: String = "t-\(UUID().uuidString)") async throws -> RedisEngine {
        var options = RedisOptions(namespace: namespace)
        options.movesClocks = true
        return try await RedisEngine.connect(server.url, options: options)
    }

    private func join(_ engine: RedisEngine) async throws -> WorkerInfo {
        let worker = WorkerInfo(
            incarnation: .next(), process: .next(), name: "w", host: "h", pid: 1, queues: [.default], concurrency: 10,
            kinds: [TaskKind(name: "work", version: 1)], lease: .seconds(5))
        _ = try await engine.join(worker)
        return worker
    }

    private func tasks(_ count: Int, key: Bool = false, limits: [LimitKey] = []) -> [NewTask] {
        (0..<count).map { index in
            NewTask(
                envelope: Envelope(
                    id: .next(), name: "work", version: 1, payload: Data(repeating: 0x20, count: 300),
                    enqueuedAt: EngineTime(microseconds: 0)),
                key: key ? "work:\(UUID().uuidString)" : nil, limits: limits)
        }
    }

    private func runAll(_ engine: RedisEngine, _ worker: WorkerInfo, _ expected: Int, from number: Int64 = 1) async throws {
        var done = 0
        var number = number
        while done < expected {
            let claimed = try await engine.claim(
                ClaimRequest(
                    incarnation: worker.incarnation, number: number, shares: [QueueShare(queue: .default, slots: 500)], limit: 500))
            number += 1
            if claimed.isEmpty { break }
            _ = try await engine.settle(
                claimed.map { Settlement(task: $0.envelope.id, fence: $0.fence, outcome: .commit(result: Data(#"{"ok":1}"#.utf8))) })
            done += claimed.count
        }
        #expect(done == expected)
    }

    @Test("when all has ended and expired, only names are left")
    func expiry() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        let engine = try await engine(server)
        let worker = try await join(engine)
        let limit = LimitKey(LimitRule(task: "work", kind: .keyConcurrency, arguments: ["k"], maximum: 10_000), key: "x")
        _ = try await engine.push(tasks(500))
        _ = try await engine.push(tasks(100, limits: [limit]))
        _ = try await engine.push(tasks(500), admission: AdmissionPolicy())
        try await runAll(engine, worker, 1100)
        try await engine.leave(worker.incarnation)
        try await engine.moveClocks(engine: .days(100), wall: .days(100))
        while try await engine.tend(batch: 1000, unregisteredAfter: nil).remaining {}
        let left = try await server.keys().filter { !$0.hasSuffix(":adm") }.map { $0.split(separator: ":").last.map(String.init) ?? "" }
        #expect(Set(left).isSubset(of: ["qn", "qs", "kn", "ks", "n", "clock", "lim", "ln", "ls", "lq", "partitions"]), "\(left)")
        try await engine.close()
    }

    @Test("a queued task takes at most 750 bytes, one in flight 150 more, a finished one 200, with a key 350")
    func memory() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        let engine = try await engine(server, "relier")
        let worker = try await join(engine)
        // So many that the tables' own steps of growth even out.
        let count = 20_000
        func used() async throws -> Int { try await server.usedMemory() }
        for key in [false, true] {
            let before = try await used()
            for _ in 0..<count / 1000 { _ = try await engine.push(tasks(1000, key: key)) }
            let queued = try await used()
            let claimed = try await engine.claim(
                ClaimRequest(
                    incarnation: worker.incarnation, number: key ? 1000 : 1, shares: [QueueShare(queue: .default, slots: count)],
                    limit: count))
            #expect(claimed.count == count)
            let running = try await used()
            for start in stride(from: 0, to: count, by: 1000) {
                _ = try await engine.settle(
                    claimed[start..<start + 1000].map {
                        Settlement(task: $0.envelope.id, fence: $0.fence, outcome: .commit(result: Data("1".utf8)))
                    })
            }
            let finished = try await used()
            let figures = [queued - before, running - queued, finished - before].map { $0 / count }
            print("bytes a task\(key ? " with a key" : ""): queued \(figures[0]), in flight + \(figures[1]), finished \(figures[2])")
            #expect(figures[0] <= (key ? 1000 : 750))
            #expect(figures[1] <= 150)
            #expect(figures[2] <= (key ? 350 : 200))
        }
        try await engine.close()
    }

    @Test("a push wakes a live waiter although one before it is gone")
    func deadWaiter() async throws {
        let server = try await RedisServer.shared.value
        let namespace = "t-\(UUID().uuidString)"
        let doomed = try await engine(server, namespace)
        let alive = try await engine(server, namespace)
        let first = try await join(doomed)
        let second = try await join(alive)
        let lost = Task { await doomed.awaitWork(first.incarnation, queues: [.default], timeout: .seconds(60)) }
        try await server.awaitWaiters(1, in: namespace)
        let wait = Task { await alive.awaitWork(second.incarnation, queues: [.default], timeout: .seconds(60)) }
        try await server.awaitWaiters(2, in: namespace)
        await doomed.wakeups.close()
        let start = ContinuousClock.now
        _ = try await alive.push(tasks(1))
        await wait.value
        #expect(start.duration(to: .now) < .seconds(5))
        try await doomed.close()
        await lost.value
        try await alive.close()
    }
}
