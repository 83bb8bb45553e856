import Foundation
import RESP
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

@testable import FaultFixtures

/// The clock of the server is set an hour ahead and back while tasks run.
@Suite(.serialized) struct ClockTests {
    @Test(.timeLimit(.minutes(10))) func noLeaseEndsAndNothingIsLost() async throws {
        let server = try await RedisServer(.init(movesClock: true))
        defer { server.stop() }
        try await RedisScene.run { scene in
            let engine = try await RedisEngine.connect(server.url, options: RedisScene.options())
            let workers = try scene.workers(at: server.url, ["--processes=2", "--lease=3"])
            // Records have to outlive the hour.
            let settings = ClientSettings(resultTTL: .days(1))
            let held = try await Relier(engine, settings: settings).push(
                contentsOf: (0..<6).map { Hold(text: "\($0)", evidence: scene.evidence + ".held", gate: scene.gate) })
            try await until("six bodies run") { scene.lines(".held").count == 6 }
            let before = Set(try await engine.workers().map(\.info.incarnation))
            let load = Producers(engine, evidence: scene.evidence, settings: settings)
            let pushing = Task {
                while !Task.isCancelled { try await load.push(100, pause: .milliseconds(40)) }
            }
            for round in 0..<RedisScene.rounds(2) {
                for ahead in [3600, 0, -3600, 0] {
                    try server.setClock(ahead: ahead)
                    try await until("the server's clock has moved", within: .seconds(20)) {
                        abs(try await seconds(server) - Int(Date().timeIntervalSince1970) - ahead) < 60
                    }
                    let (start, count) = (ContinuousClock.now, load.accepted.count)
                    // A lease that depended on that clock would have ended.
                    try await until("tasks went on for a lease and more") {
                        start.duration(to: .now) > .seconds(4) && load.accepted.count > count
                    }
                }
                tell("clock round \(round): \(load.accepted.count) tasks so far")
            }
            pushing.cancel()
            _ = await pushing.result
            #expect(Set(try await engine.workers().map(\.info.incarnation)) == before, "the same workers under the same leases")
            scene.openGate()
            for receipt in held { _ = try await receipt.value(timeout: .seconds(60)) }
            let lines = scene.lines(".held")
            #expect(lines.count == 12 && lines.count { $0.hasPrefix("end") } == 6, "no body was started twice")
            let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
            tell("clock: \(verdict)")
            #expect(verdict.missing.isEmpty && verdict.notCommittedOnce == 0 && verdict.resurrections == 0, "\(verdict)")
            // Each hundred has the same texts.
            #expect(scene.lines().count == load.accepted.count)
            #expect(load.failures.isEmpty)
            #expect(workers.drain() == 0)
            try await engine.close()
        }
    }

    private func seconds(_ server: RedisServer) async throws -> Int {
        try #require(try await server.command("TIME").elements?.first?.integer)
    }
}
