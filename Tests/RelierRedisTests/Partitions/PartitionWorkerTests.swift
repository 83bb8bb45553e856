import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("Workers in all partitions", .serialized)
struct PartitionWorkerTests: PartitionScene {
    let namespace = "p-\(UUID().uuidString)"

    @Test("a worker whose join, leave or release came to the first partition alone is gone in the end", arguments: [true, false])
    func members(releases: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await (releases ? other : doomed).join(info)
        _ = try await other.push((0..<40).map { _ in task() })
        if releases {
            let claimed = try await claim(other, info, 1)
            #expect(claimed.count == 40)
            _ = try await doomed.release(.process(info.process), death: .signalled(9), limits: ReleaseLimits())
        }
        let sighting = try #require(try await other.leases().first)
        #expect(sighting.incarnation == info.incarnation)
        let report = try await other.release(
            .incarnation(info.incarnation, counter: sighting.counter), death: .leaseEnded, limits: ReleaseLimits())
        #expect(!report.remaining)
        #expect(try await other.leases().isEmpty)
        #expect(try await other.workers().isEmpty)
        let next = worker()
        _ = try await other.join(next)
        #expect(try await claim(other, next, 1).count == 40)
        try await doomed.close()
        try await other.close()
    }

    @Test("a worker whose leave did not come to the first partition is gone when its lease has ended")
    func leave() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push((0..<40).map { _ in task() })
        #expect(try await claim(other, info, 1).count == 40)
        try await doomed.leave(info.incarnation)
        let counter = try #require(try await other.leases().first?.counter)
        let target = ReleaseTarget.incarnation(info.incarnation, counter: counter)
        #expect(try await !other.release(target, death: .leaseEnded, limits: ReleaseLimits()).remaining)
        #expect(try await other.leases().isEmpty)
        let next = worker()
        _ = try await other.join(next)
        #expect(try await claim(other, next, 1).count == 40)
        try await doomed.close()
        try await other.close()
    }

    @Test("a release by an old counter leaves a live worker's tasks alone in all partitions")
    func oldCounter() async throws {
        let engine = try await engine()
        let info = worker()
        let lease = try await engine.join(info)
        _ = try await engine.push((0..<40).map { _ in task() })
        let claimed = try await claim(engine, info, 1)
        let counter = try #require(try await engine.leases().first?.counter)
        let held = Dictionary(uniqueKeysWithValues: claimed.map { ($0.envelope.id, $0.fence) })
        #expect(try lease.renew(holding: held, settledThrough: 1) == .renewed(lost: [], strays: 0))
        let report = try await engine.release(
            .incarnation(info.incarnation, counter: counter), death: .leaseEnded, limits: ReleaseLimits())
        #expect(report.requeued.isEmpty)
        #expect(try lease.renew(holding: held, settledThrough: 1) == .renewed(lost: [], strays: 0))
        try await engine.close()
    }

    @Test("a wake-up that went to a worker that has work already is passed on")
    func passedOn() async throws {
        let engine = try await engine()
        let (first, second) = (worker(), worker())
        for info in [first, second] { _ = try await engine.join(info) }
        for _ in 0..<5 {
            let waits = [first, second].map { info in
                Task { await engine.awaitWork(info.incarnation, queues: [.default], timeout: .seconds(60)) }
            }
            try await RedisServer.shared.value.awaitWaiters(2, in: namespace, partitions: partitions)
            let start = ContinuousClock.now
            // Two tasks at once in different partitions: both wake whoever is first in line.
            let tasks = (0..<8).map { _ in task() }
            _ = try await engine.push(tasks)
            for wait in waits { await wait.value }
            #expect(start.duration(to: .now) < .seconds(5))
            let number = Int64.random(in: 1...1_000_000)
            let claimed = try await claim(engine, first, number)
            #expect(claimed.count == 8)
            for task in claimed { try await settle(engine, task, .commit(result: Data("1".utf8))) }
        }
        try await engine.close()
    }
}
