import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// The database is locked by another program, or its disk is full, under bodies that ask for checkpoints, children and keys, and under processes that start.
@Suite(.serialized, .enabled(if: TestPlace.isFile)) struct EngineOutageTests {
    @Test func bodiesWaitForAnotherProgramsLock() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { crew in
                let receipts = try await askers(of: scene)
                let lock = try await hold(scene)
                // Longer than two busy timeouts.
                try await Task.sleep(for: .seconds(12))  // waits: so long the other program holds its lock
                try await release(lock, scene)
                try await expectCommitted(receipts, scene)
                #expect(crew.dead.isEmpty)
            }
        }
    }

    @Test(.enabled(if: SmallDisk.isAllowed)) func bodiesWaitForRoomOnTheDisk() async throws {
        let disk = try SmallDisk(mebibytes: 8)
        try await FaultScene.run(disk: disk.path) { scene in
            try await scene.withSupervisor { crew in
                let receipts = try await askers(of: scene)
                try disk.fill()
                try await until("the bodies stand still") {
                    let before = scene.lines(".rounds").count
                    try await Task.sleep(for: .seconds(1))  // waits: for rounds that do not come
                    return scene.lines(".rounds").count == before
                }
                try disk.free()
                try await expectCommitted(receipts, scene)
                #expect(crew.dead.isEmpty)
            }
        }
        withExtendedLifetime(disk) {}
    }

    @Test func aWorkerThatStartsUnderAnotherProgramsLockWaits() async throws {
        try await FaultScene.run { scene in
            let receipt = try await scene.relier.push(Note(text: "later", evidence: scene.evidence))
            let lock = try await hold(scene)
            let log = scene.directory + "/log"
            let worker = try scene.start(["worker", "--processes=2", "--log-level=info"], log: log)
            // Longer than two busy timeouts.
            try await Task.sleep(for: .seconds(12))  // waits: so long the other program holds its lock
            try await release(lock, scene)
            try await expectStart(receipt, scene, worker, log)
        }
    }

    @Test(.enabled(if: SmallDisk.isAllowed)) func aWorkerThatStartsOnAFullDiskWaits() async throws {
        let disk = try SmallDisk(mebibytes: 8)
        try await FaultScene.run(disk: disk.path) { scene in
            let receipt = try await scene.relier.push(Note(text: "later", evidence: scene.evidence))
            try disk.fill()
            let log = scene.directory + "/log"
            let worker = try scene.start(["worker", "--processes=2", "--log-level=info"], log: log)
            try await until("it says what it waits for") { try text(of: log).contains("until it works") }
            try await Task.sleep(for: .seconds(3))  // waits: time in which processes that die would be started again and again
            try disk.free()
            try await expectStart(receipt, scene, worker, log)
        }
        withExtendedLifetime(disk) {}
    }

    /// Bodies that have gone a few rounds.
    private func askers(of scene: FaultScene) async throws -> [TaskReceipt<Int>] {
        let receipts = try await scene.relier.push(
            contentsOf: (0..<4).map { Asker(number: $0, evidence: scene.evidence, gate: scene.gate) })
        try await until("all have begun") { Set(scene.lines(".rounds").map { $0.split(separator: " ")[1] }).count == 4 }
        return receipts
    }

    private func expectCommitted(_ receipts: [TaskReceipt<Int>], _ scene: FaultScene) async throws {
        let before = scene.lines(".rounds").count
        try await until("they go on") { scene.lines(".rounds").count > before }
        scene.openGate()
        var rounds = 0
        for receipt in receipts {
            rounds += try await receipt.value(timeout: .seconds(60))
            let details = try await scene.details(of: receipt.id)
            #expect(details.history.map(\.outcome) == ["committed"] && details.summary.resurrections == 0)
        }
        #expect(scene.lines().count == receipts.count, "no body ran twice")
        try await until("each child ran") { scene.lines(".children").count >= rounds }
        #expect(Set(scene.lines(".children")).count == rounds)
        #expect(try await scene.engine.deadLetterReasons().isEmpty)
    }

    private func expectStart(_ receipt: TaskReceipt<String>, _ scene: FaultScene, _ worker: Process, _ log: String) async throws {
        let repairedAt = ContinuousClock.now
        _ = try await receipt.value(timeout: .seconds(30))
        #expect(repairedAt.duration(to: .now) < .seconds(4))
        kill(worker.processIdentifier, SIGTERM)
        try await until("it has left", within: .seconds(30)) { !worker.isRunning }
        #expect(worker.terminationStatus == 0)
        let lines = try text(of: log).split(separator: "\n")
        #expect(!lines.contains { $0.contains(" died: ") }, "\(lines)")
        // At once, and after 10 s; by what the supervisor does side by side, and by its two processes.
        #expect((1...12).contains(lines.count { $0.contains("until it works") }), "\(lines)")
        #expect(try await scene.engine.deadLetterReasons().isEmpty)
    }

    private func text(of log: String) throws -> String { try String(contentsOfFile: log, encoding: .utf8) }

    private func hold(_ scene: FaultScene) async throws -> Process {
        let lock = try scene.start([
            "lock", "--database=\(scene.database)", "--evidence=\(scene.evidence).locks", "--gate=\(scene.gate).lock",
        ])
        try await until("another program has the lock") { scene.lines(".locks") == ["locked"] }
        return lock
    }

    private func release(_ lock: Process, _ scene: FaultScene) async throws {
        _ = FileManager.default.createFile(atPath: scene.gate + ".lock", contents: Data())
        try await until("the other program has left") { !lock.isRunning }
    }
}
