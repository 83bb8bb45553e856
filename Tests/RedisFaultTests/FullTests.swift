import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// `maxmemory` is reached under `noeviction`.
@Suite(.serialized) struct FullTests {
    @Test(.timeLimit(.minutes(5))) func workersDrainAFullServer() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        try await RedisScene.run { scene in
            let engine = try await RedisEngine.connect(server.url, options: RedisScene.options())
            let load = Producers(engine, evidence: scene.evidence)
            // Accepted before, and more than one claim takes: these have to be worked off while nothing new can come in.
            try await load.push(1500, pause: .zero, size: 3000)
            try await server.command("CONFIG", "SET", "maxmemory", "2mb")
            let refused = await #expect(throws: EngineError.self) {
                try await Relier(engine).push(name: "note", arguments: Data("{}".utf8))
            }
            #expect(refused?.code == .full)
            #expect(refused?.message.contains("maxmemory") == true && refused?.message.contains("\n") == false)

            // Workers join, claim, renew and commit on a server that is full, and keep their leases.
            let workers = try scene.workers(at: server.url, ["--processes=2", "--lease=2"])
            let start = ContinuousClock.now
            let late = Producers(engine, evidence: scene.evidence + ".late")
            let producing = Task { try await late.push(200, clients: 50, pause: .zero, size: 3000) }
            let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
            verdict.expectExact()
            #expect(verdict.resurrections == 0)
            tell("full: \(verdict), drained in \(start.duration(to: .now)), \(late.failures.count) pushes refused")
            try await server.command("CONFIG", "SET", "maxmemory", "0")
            try await producing.value
            #expect(!late.failures.isEmpty && late.failures.allSatisfy { $0.message.contains("out of memory") })
            #expect(late.accepted.count == 200)
            #expect(workers.count("cannot") == 0 && workers.count("not renewed") == 0, "\(workers.log.suffix(1000))")
            #expect(workers.drain() == 0)
            try await engine.close()
        }
    }
}
