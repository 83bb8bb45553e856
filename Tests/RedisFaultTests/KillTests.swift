import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// `redis-server` is killed under live producers and workers, and comes back with what it had on disk.
@Suite(.serialized) struct KillTests {
    /// How long it is away: within a lease of the workers, and for longer than one.
    private static let outages: [Duration] = [.milliseconds(300), .seconds(7)]

    @Test(.timeLimit(.minutes(30))) func nothingIsLostWithAlways() async throws {
        for round in 0..<RedisScene.rounds(2) {
            let outage = Self.outages[round % Self.outages.count]
            let (verdict, load, _) = try await kill(append: .always, outage: outage, round: round)
            verdict.expectExact(ranOnce: outage < .seconds(5))
            #expect(verdict.resurrections == 0, "nobody is declared dead for an outage of the engine")
            #expect(load.accepted.count == 2000)
        }
    }

    @Test(.timeLimit(.minutes(30))) func everySecondLosesTheLastTwoSecondsAtMost() async throws {
        for round in 0..<RedisScene.rounds(2) {
            let (verdict, load, killedAt) = try await kill(
                append: .everySecond, outage: Self.outages[round % Self.outages.count], round: round)
            // What is gone from the server has run all the same, if a worker had it already.
            #expect(verdict.missing.allSatisfy { $0.at > killedAt - .seconds(2) && $0.at <= killedAt }, "\(verdict)")
            #expect(verdict.notCommittedOnce == 0 && verdict.neverRan <= verdict.missing.count, "\(verdict)")
            #expect(verdict.resurrections == 0)
            #expect(load.accepted.count == 2000)
        }
    }

    private func kill(
        append: RedisServer.Append, outage: Duration, round: Int
    ) async throws -> (Verdict, Producers, ContinuousClock.Instant) {
        let server = try await RedisServer(.init(append: append))
        defer { server.stop() }
        let options = RedisScene.options()
        let engine = try await RedisEngine.connect(server.url, options: options)
        let scene = try RedisScene()
        defer { scene.end() }
        let workers = try scene.workers(at: server.url, ["--processes=2"])
        let load = Producers(engine, evidence: scene.evidence)
        let pushing = Task { try await load.push(2000, pause: .milliseconds(15)) }
        let moment = Int.random(in: 800...1500)
        try await until("\(moment) pushes have returned") { load.accepted.count >= moment }
        server.kill()
        let killedAt = ContinuousClock.now
        try await Task.sleep(for: outage)  // waits: so long the server is away
        try await server.start()
        let returnedAt = ContinuousClock.now
        let before = scene.lines().count
        try await until("workers claim again") { scene.lines().count > before }
        let claimedAfter = returnedAt.duration(to: .now)
        #expect(claimedAfter < .seconds(2))
        try await pushing.value
        let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
        let slowest = load.failures.map(\.took).max() ?? .zero
        #expect(slowest < options.connectTimeout + options.commandTimeout + .seconds(1))
        tell(
            "\(append) round \(round), away \(outage): \(verdict), claimed again after \(claimedAfter), \(load.failures.count) pushes failed, "
                + "\(load.unknown) of them unknown, the slowest in \(slowest)")
        #expect(workers.drain() == 0)
        try await engine.close()
        return (verdict, load, killedAt)
    }

    @Test(.timeLimit(.minutes(5))) func aPushWaitsForTheServerWhenItIsAskedTo() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        try await RedisScene.run { scene in
            let engine = try RedisEngine(server.url, options: RedisScene.options { $0.connectTimeout = .seconds(60) })
            let load = Producers(engine, evidence: scene.evidence)
            try await load.push(1)
            server.kill()
            let waiting = Task { try await load.push(8) }
            try await Task.sleep(for: .seconds(4))  // waits: for longer than a push waits unless asked
            try await server.start()
            try await waiting.value
            #expect(load.accepted.count == 9)
            // One may have been on its way when the connection ended.
            #expect(load.failures.count == load.unknown)
            try await engine.close()
        }
    }
}
