import Foundation
import Relier
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
                try await scene.until("the body returned and the key is free") {
                    try await !scene.relier.push(task).isDuplicate
                }
                let second = scene.lines().filter { $0.hasPrefix("start") }
                try await scene.until("the second push runs") { scene.lines().filter { $0.hasPrefix("start") }.count == 2 }
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
}
