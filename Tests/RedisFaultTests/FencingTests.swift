import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

@testable import FaultFixtures

/// A worker that cannot reach the server stops itself before anyone else starts what it runs.
@Suite(.serialized) struct FencingTests {
    @Test(.timeLimit(.minutes(30)), arguments: [true, false]) func aWorkerThatIsCutOffStopsBeforeItsTasksStartElsewhere(
        connectionsStayOpen: Bool
    ) async throws {
        let lease = Duration.seconds(3)
        for round in 0..<RedisScene.rounds(1) {
            let server = try await RedisServer(.init(append: .unsynced))
            defer { server.stop() }
            let proxy = try TCPProxy(to: server.port)
            defer { proxy.close() }
            try await RedisScene.run { scene in
                let engine = try await RedisEngine.connect(server.url, options: RedisScene.options())
                let relier = Relier(engine)
                let far = try scene.workers(at: "redis://127.0.0.1:\(proxy.port)", ["--lease=3"])
                try await until("the far worker has joined") { try await engine.workers().count == 1 }
                let clinging = try await relier.push(
                    contentsOf: (0..<3).map { Clinger(evidence: scene.evidence + ".\($0)", gate: scene.gate) })
                let obedient = try await relier.push(Hold(text: "x", evidence: scene.evidence + ".hold", gate: scene.gate))
                try await until("all run there") {
                    (0..<3).allSatisfy { !scene.lines(".\($0)").isEmpty } && scene.lines(".hold").count == 1
                }
                let near = try scene.workers(at: server.url, ["--lease=3"])
                try await until("the near worker has joined") { try await engine.workers().count == 2 }

                proxy.set(.blackHole)
                if !connectionsStayOpen { proxy.cut() }
                let start = ContinuousClock.now
                let cutOff = DispatchTime.now().uptimeNanoseconds
                try await until("the far worker asks its bodies to stop, and leaves") { far.count("leaving the process") > 0 }
                let log = far.log
                let (asks, leaves) = (log.range(of: "bodies are asked to stop"), log.range(of: "leaving the process"))
                #expect(try #require(asks).lowerBound < #require(leaves).lowerBound)
                try await until("all run near") {
                    (0..<3).allSatisfy { pids(scene, $0).count == 2 } && scene.lines(".hold").count == 2
                }
                let taken = start.duration(to: .now)
                proxy.set(.clear)
                scene.openGate()
                for receipt in clinging { _ = try await receipt.value(timeout: .seconds(60)) }
                _ = try await obedient.value(timeout: .seconds(60))
                var stopped = Duration.zero
                for number in 0..<3 {
                    let lines = scene.lines(".\(number)").map { $0.split(separator: " ") }
                    let order = lines.map { $0[0] }
                    // Nobody notes anything after the next one has begun.
                    #expect(Set(order).count == zip(order, order.dropFirst()).count { $0 != $1 } + 1)
                    let times = lines.compactMap { UInt64($0[1]) }
                    #expect(times == times.sorted())
                    // By the body's own account; a machine that is busy may let it note its last line late.
                    let last = zip(order, times).filter { $0.0 == order[0] }.last?.1 ?? .max
                    stopped = max(stopped, .nanoseconds(Int64(clamping: last) - Int64(clamping: cutOff)))
                }
                #expect(stopped < lease + .seconds(1))
                for receipt in clinging {
                    let details = try #require(try await engine.inspect(receipt.id))
                    #expect(details.history.map(\.outcome) == ["worker-gone", "committed"])
                    #expect(details.history.first?.recoveredBy == "lease-end")
                }
                tell(
                    "fencing round \(round), \(connectionsStayOpen ? "silence" : "cut"): the last sign of a body after \(stopped), all run elsewhere after \(taken)"
                )
                #expect(near.drain() == 0)
                #expect(far.drain() == 0)
                try await engine.close()
            }
        }
    }

    private func pids(_ scene: RedisScene, _ number: Int) -> Set<Substring> {
        Set(scene.lines(".\(number)").compactMap { $0.split(separator: " ").first })
    }
}
