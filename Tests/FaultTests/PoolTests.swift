import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// Pools as they are started from the command line.
@Suite(.serialized) struct PoolTests {
    private func note(_ text: String, in queue: Queue, _ scene: FaultScene) async throws -> TaskReceipt<JSONValue> {
        let arguments = try JSONEncoder().encode(["text": text, "evidence": scene.evidence])
        return try await scene.relier.push(name: Note.name, arguments: arguments, queue: queue)
    }

    private func hold(_ text: String, in queue: Queue, _ scene: FaultScene) async throws -> TaskReceipt<JSONValue> {
        let arguments = try JSONEncoder().encode(["text": text, "evidence": scene.evidence, "gate": scene.gate])
        return try await scene.relier.push(name: Hold.name, arguments: arguments, queue: queue)
    }

    @Test func theCommandLineSaysWhatAPoolServes() async throws {
        try await FaultScene.run { scene in
            let pool = try scene.start(["worker", "--queues=high=3,default", "--concurrency=2", "--name=fast-%h-%p", "--log-level=error"])
            try await until("the worker has joined") { try await !scene.engine.workers().isEmpty }
            let info = try #require(try await scene.engine.workers().first?.info)
            #expect(info.pid != pool.processIdentifier)
            #expect(info.name == "fast-\(info.host)-\(info.pid)")
            #expect(!info.host.isEmpty)
            #expect(info.queues == ["high", "default"])
            #expect(info.concurrency == 2)
            // Two slots, so the third waits; and a queue that nobody serves waits for ever.
            for index in 0..<3 { _ = try await hold("\(index)", in: index == 1 ? "high" : .default, scene) }
            let other = try await note("other", in: "other", scene)
            try await until("two run") { scene.lines().count == 2 }
            #expect(try await scene.engine.workers().first?.running == 2)
            scene.openGate()
            try await until("all three have run") { scene.lines().filter { $0.hasPrefix("end") }.count == 3 }
            #expect(try await scene.state(of: other.id) == .queued)
        }
    }

    @Test func aFloodInOneQueueDoesNotReachTheOthersPool() async throws {
        try await FaultScene.run { scene in
            _ = try scene.start(["worker", "--queues=low", "--concurrency=2", "--log-level=error"])
            _ = try scene.start(["worker", "--queues=high", "--concurrency=2", "--log-level=error"])
            try await until("both have joined") { try await scene.engine.workers().count == 2 }
            for index in 0..<200 { _ = try await hold("\(index)", in: "low", scene) }
            try await until("the flood has taken its pool's slots") { scene.lines().count == 2 }
            for index in 0..<10 {
                let receipt = try await note("high \(index)", in: "high", scene)
                // The machine may be busy; the flood alone would take for ever.
                _ = try await receipt.value(timeout: .seconds(20))
            }
            #expect(scene.lines().filter { $0.hasPrefix("start") }.count == 2, "the flood still waits")
        }
    }

    @Test func aPoolForRecoveriesGetsThemAll() async throws {
        try await FaultScene.run { scene in
            let doomed = try scene.start(["worker", "--lease=1", "--log-level=error"])
            let receipts = try await scene.relier.push(
                contentsOf: (0..<4).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
            try await until("all run") { scene.lines().count == 4 }
            let first = try #require(try await scene.engine.workers().first?.info)
            _ = try scene.start(["worker", "--queues=re-queue", "--name=recoveries", "--lease=1", "--log-level=error"])
            _ = try scene.start(["worker", "--name=ordinary", "--lease=1", "--log-level=error"])
            try await until("the others have joined") { try await scene.engine.workers().count == 3 }
            kill(doomed.processIdentifier, SIGKILL)
            kill(first.pid, SIGKILL)
            try await until("all run again") { scene.lines().count == 8 }
            let fresh = try await scene.relier.push(Note(text: "fresh", evidence: scene.evidence))
            _ = try await fresh.value(timeout: .seconds(60))
            scene.openGate()
            for receipt in receipts {
                _ = try await receipt.value(timeout: .seconds(60))
                #expect(try await scene.details(of: receipt.id).history.last?.worker == "recoveries")
            }
            #expect(try await scene.details(of: fresh.id).history.last?.worker == "ordinary")
        }
    }
}
