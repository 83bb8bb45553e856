import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// A network between everybody and the server that misbehaves, and is well again.
@Suite(.serialized) struct NetworkTests {
    enum Fault: String, CaseIterable, CustomTestStringConvertible {
        case cut, cutInMidReply, blackHole, slow, halfOpen
        var testDescription: String { rawValue }
    }

    @Test(.timeLimit(.minutes(30)), arguments: Fault.allCases) func nothingIsLostOrDoubled(by fault: Fault) async throws {
        try await RedisScene.behindProxy { scene, proxy, engine, workers in
            let load = Producers(engine, evidence: scene.evidence)
            let rounds = RedisScene.rounds(2)
            let start = ContinuousClock.now
            let pushing = Task { try await load.push(500 * rounds) }
            for round in 1...rounds {
                try await until("the load goes on") { load.accepted.count >= 500 * round - 300 }
                try await play(fault, proxy, scene)
            }
            try await pushing.value
            let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
            let slowest = load.failures.map(\.took).max() ?? .zero
            tell(
                "\(fault) \(rounds) times: \(verdict), in \(start.duration(to: .now)), \(load.failures.count) pushes failed, \(load.unknown) of them unknown, "
                    + "the slowest in \(slowest)")
            // A lease that has ended over a dead connection costs its worker's process what it runs, and that runs again.
            verdict.expectExact(ranOnce: workers.count("leaving the process") == 0)
            #expect(slowest < .seconds(8))
        }
    }

    private func play(_ fault: Fault, _ proxy: TCPProxy, _ scene: RedisScene) async throws {
        switch fault {
        case .cut: proxy.cut()
        case .cutInMidReply:
            proxy.set(.cutsReply)
            try await until("a reply was cut") { proxy.isClear }
        case .blackHole:
            proxy.set(.blackHole)
            try await Task.sleep(for: .seconds(2))  // waits: so long nothing passes
            proxy.set(.clear)
        case .slow:
            proxy.set(.slow(milliseconds: 100))
            try await Task.sleep(for: .seconds(5))  // waits: so long a round trip takes 200 ms
            proxy.set(.clear)
        case .halfOpen: proxy.halfOpen()
        }
    }
}
