import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// Requests and replies of everybody, workers, supervisors and producers, are lost at random: whole, in part, and with them their connections.
@Suite(.serialized) struct LostRepliesTests {
    @Test(.timeLimit(.minutes(30))) func nothingIsLostDoubledOrLeftInFlight() async throws {
        for round in 0..<RedisScene.rounds(2) {
            try await RedisScene.behindProxy { scene, proxy, engine, workers in
                proxy.set(.lossy(oneOf: 30))
                let load = Producers(engine, evidence: scene.evidence)
                let start = ContinuousClock.now
                try await load.push(1000)
                try await until("half of the notes have run") { scene.lines().count >= 500 }
                proxy.set(.clear)
                let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
                tell(
                    "lost replies round \(round): \(verdict), \(proxy.cuts) cuts in \(start.duration(to: .now)), \(load.failures.count) pushes failed, "
                        + "\(load.unknown) of them unknown")
                verdict.expectExact()
                #expect(proxy.cuts > 20)
                #expect(verdict.resurrections == 0)
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func aPushWhoseAnswerIsLostIsSentAgain() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.close() }
        let engine = try await RedisEngine.connect("redis://127.0.0.1:\(proxy.port)", options: RedisScene.options())
        let relier = Relier(engine)
        for number in 1...20 {
            proxy.set(.cutsReply)
            let receipt = try await relier.push(name: "note", arguments: Data("{}".utf8))
            #expect(!receipt.isDuplicate, "what the caller has pushed once was not there before")
            #expect(proxy.cuts == number)
            #expect(try await engine.queues().map(\.queued) == [number])
        }
        // Away for longer than the second call waits: what is not known is said, with the ids to push again.
        try await relier.push(name: "note", arguments: Data("{}".utf8))
        proxy.set(.blackHole)
        let unknown = Task { try await relier.push(name: "note", arguments: Data("{}".utf8)) }
        try await until("the push is on its way") { proxy.isHolding }
        server.kill()
        proxy.set(.clear)
        let error = await #expect(throws: PushOutcomeUnknown.self) { try await unknown.value }
        #expect(error?.ids.count == 1)
        try await engine.close()
    }
}
