import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

@Suite(.serialized) struct StuckBodyTests {
    @Test func aBodyThatIgnoresItsTimeoutIsQuarantinedAndKeepsItsKeyUntilItReturns() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { _ in
                let task = Stubborn(evidence: scene.evidence, gate: scene.gate)
                let receipt = try await scene.relier.push(task)
                let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
                #expect(error.reason == "TimeoutError")
                #expect(!scene.lines().contains("end stubborn"))
                let meanwhile = try await scene.relier.push(task)
                #expect(meanwhile.isDuplicate, "its body still runs, so its key is not free")
                scene.openGate()
                try await until("the body returned and the key is free") {
                    try await !scene.relier.push(task).isDuplicate
                }
                let second = scene.lines().filter { $0.hasPrefix("start") }
                try await until("the second push runs") { scene.lines().filter { $0.hasPrefix("start") }.count == 2 }
                // One operation: the failed one and its successor have the same name outside.
                #expect(Set(scene.lines().filter { $0.hasPrefix("start") }).count == 1, "\(second)")
            }
        }
    }

    @Test func synchronousBodiesRunOnTheirOwnThreads() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(concurrency: 16) { _ in
                let blocked = try await scene.relier.push(contentsOf: (0..<12).map { _ in Sleeper(gate: scene.gate) })
                // With 12 blocked threads on a machine of few cores the cooperative pool still serves others.
                let note = try await scene.relier.push(Note(text: "free", evidence: scene.evidence))
                #expect(try await note.value(timeout: .seconds(30)) == "free")
                scene.openGate()
                for receipt in blocked { #expect(try await receipt.value(timeout: .seconds(30))) }
            }
        }
    }

    /// Alone in its worker, and as many of them as the cooperative pool has threads, so that nothing asynchronous happens there any more.
    @Test(arguments: [1, max(2, ProcessInfo.processInfo.activeProcessorCount)])
    func aLoopWithoutSuspensionTakesNobodyDown(spins: Int) async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(concurrency: spins == 1 ? 1 : spins + 4) { crew in
                let neighbours = try await scene.relier.push(
                    contentsOf: (0..<(spins == 1 ? 0 : 4)).map {
                        Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate + ".neighbours")
                    })
                try await until("the neighbours run") { scene.lines().count == neighbours.count }
                let loops = try await scene.relier.push(
                    contentsOf: (0..<spins).map { Spin(number: $0, evidence: scene.evidence + ".spin", gate: scene.gate) })
                for loop in loops {
                    let error = try await #require(throws: TaskQuarantined.self) { try await loop.value(timeout: .seconds(60)) }
                    #expect(error.reason == "TimeoutError")
                }
                let note = try await scene.relier.push(Note(text: "served", evidence: scene.evidence + ".note"))
                #expect(try await note.value(timeout: .seconds(10)) == "served", "the slot is back")
                _ = FileManager.default.createFile(atPath: scene.gate + ".neighbours", contents: Data())
                for neighbour in neighbours {
                    _ = try await neighbour.value(timeout: .seconds(60))
                    #expect(try await scene.details(of: neighbour.id).summary.resurrections == 0)
                }
                #expect(scene.lines(".spin").count == spins, "a loop runs once")
                scene.openGate()
            }
        }
    }

    @Test func stuckBodiesAreCountedAndTheProcessIsReplacedWhenTheyAreTooMany() async throws {
        setenv("RELIER_STUCK_GRACE", "0.3", 1)
        defer { unsetenv("RELIER_STUCK_GRACE") }
        try await FaultScene.run { scene in
            try await scene.withSupervisor(concurrency: 2) { crew in
                try await until("a worker has started") { crew.workers.count == 1 }
                let first = crew.workers[0]
                func stubborn(_ number: Int) -> Stubborn { Stubborn(evidence: scene.evidence + ".\(number)", gate: scene.gate) }
                _ = try await scene.relier.push(stubborn(1))
                try await until("one stuck body is shown") { try await scene.engine.workers().map(\.stuck) == [1] }
                // Its slot is free: both slots of the worker are held at once.
                let held = try await scene.relier.push(
                    contentsOf: (0..<2).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate + ".held") })
                try await until("two run beside it") { scene.lines().count == 2 }
                #expect(crew.workers == [first])
                _ = FileManager.default.createFile(atPath: scene.gate + ".held", contents: Data())
                for receipt in held { _ = try await receipt.value(timeout: .seconds(30)) }
                _ = try await scene.relier.push(stubborn(2))
                try await until("the process is replaced") { crew.dead.count == 1 && crew.workers.count == 1 }
                #expect(crew.dead.map(\.death) == [.drained])
                let note = try await scene.relier.push(Note(text: "served", evidence: scene.evidence))
                _ = try await note.value(timeout: .seconds(30))
                scene.openGate()
            }
        }
    }
}
