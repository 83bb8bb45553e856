import Foundation
import Relier
import Testing

@testable import FaultFixtures

@Suite(.serialized) struct DrainTests {
    @Test func aTerminatedWorkerHandsOverWhatItCannotFinish() async throws {
        try await FaultScene.run { scene in
            let leaver = try scene.start(["worker", "--grace=1", "--log-level=error"])
            let receipts = try await scene.relier.push(
                contentsOf: (0..<5).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
            try await scene.until("all running") { scene.lines().count == 5 }
            kill(leaver.processIdentifier, SIGTERM)
            try await scene.until("it has left") { !leaver.isRunning }
            #expect(leaver.terminationStatus == 0)
            scene.openGate()
            try await scene.withSupervisor { _ in
                for receipt in receipts {
                    _ = try await receipt.value(timeout: .seconds(60))
                    let details = try await scene.details(of: receipt.id)
                    #expect(details.summary.resurrections == 0)
                    #expect(details.history.map(\.outcome) == ["handed-back", "committed"])
                }
            }
        }
    }

    @Test func aWorkerWhoseSupervisorIsGoneDrains() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--grace=30", "--log-level=error"])
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await scene.until("it runs") { scene.lines().count == 1 }
            let worker = try #require(Int32(scene.lines()[0].split(separator: " ").last ?? ""))
            kill(supervisor.processIdentifier, SIGKILL)
            // Not waited for here: Foundation sees its end only when its worker has ended, too.
            scene.openGate()
            #expect(try await receipt.value(timeout: .seconds(30)) == worker, "the task ends where it ran")
            try await scene.until("the worker has left") { kill(worker, 0) != 0 }
        }
    }
}
