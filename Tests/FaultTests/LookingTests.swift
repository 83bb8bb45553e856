import Foundation
import GRDB
import Relier
import RelierSQLite
import TestSupport
import Testing

@testable import FaultFixtures

/// The operator's commands beside somebody who writes, as real processes.
@Suite(.serialized, .enabled(if: TestPlace.isFile, "only a file has a write lock")) struct LookingTests {
    private static let looks = [
        ["tasks", "list"], ["queue", "list"], ["dlq", "list"], ["dlq", "list", "--by-reason"], ["worker", "status"], ["schedules", "list"],
        ["admission", "status"], ["doctor"],
    ]

    private func run(_ arguments: [String], in scene: FaultScene, output: String) async throws -> Int32 {
        let process = try scene.start(arguments, executable: try FaultScene.program("rl"), output: output)
        try await until("'\(arguments.joined(separator: " "))' has ended") { !process.isRunning }
        return process.terminationStatus
    }

    private func blocker(_ scene: FaultScene) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let queue = try DatabaseQueue(path: scene.database, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        return queue
    }

    @Test func looksAreAnsweredWhileSomebodyWrites() async throws {
        try await FaultScene.run { scene in
            let receipt = try await scene.relier.push(Note(text: "x", evidence: scene.evidence))
            let other = try blocker(scene)
            for (index, arguments) in (Self.looks + [["tasks", "inspect", receipt.id.description]]).enumerated() {
                let start = ContinuousClock.now
                let status = try await run(arguments, in: scene, output: "look-\(index)")
                #expect(status == 0, "\(arguments): \(scene.written("look-\(index)"))")
                #expect(ContinuousClock.now - start < .seconds(4), "\(arguments)")
                if arguments == ["doctor"] {
                    #expect(scene.written("look-\(index)").contains("process \(getpid())"), "\(scene.written("look-\(index)"))")
                }
            }
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try other.close()
        }
    }

    @Test func looksMakeNothingInAFileOfOthers() async throws {
        try await FaultScene.run { scene in
            let file = scene.directory + "/theirs.db"
            let queue = try DatabaseQueue(path: file)
            try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = wal; CREATE TABLE theirs (a)") }
            try queue.close()
            let content = try Data(contentsOf: URL(fileURLWithPath: file))
            for (index, arguments) in Self.looks.enumerated() {
                let status = try await run(arguments + ["--url", "sqlite:\(file)"], in: scene, output: "look-\(index)")
                #expect(status == 1)
                #expect(scene.written("look-\(index)").contains("holds no Relier tables"))
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == content)
            let left = try FileManager.default.contentsOfDirectory(atPath: scene.directory).filter { $0.hasPrefix("theirs") }
            #expect(left == ["theirs.db"])
        }
    }

    /// A command that waits for the write lock is stopped: it holds nothing that others need.
    @Test func aStoppedCommandThatWaitedHoldsNobodyUp() async throws {
        try await FaultScene.run { scene in
            _ = try await scene.relier.push(Note(text: "x", evidence: scene.evidence))
            let other = try blocker(scene)
            let waiting = try scene.start(
                ["queue", "pause", "default"], executable: try FaultScene.program("rl"), output: "waiting")
            // Who waits for the lock has raised its flag on the file of turns.
            var info = stat()
            try await until("the command waits") {
                guard stat(scene.database + "-relier/turn.lock", &info) == 0, waiting.isRunning else { return false }
                let locks = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
                return locks.split(separator: "\n").contains { line in
                    line.contains("FLOCK") && line.contains(" \(waiting.processIdentifier) ") && line.contains(":\(info.st_ino) ")
                }
            }
            kill(waiting.processIdentifier, SIGSTOP)
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try other.close()
            // Old and new programs push and work.
            let fresh = try SQLiteEngine(path: scene.database)
            let note = try await Relier(fresh).push(Note(text: "y", evidence: scene.evidence))
            _ = try await scene.relier.push(Note(text: "z", evidence: scene.evidence))
            let worker = try scene.start(["worker", "--log-level=error"])
            #expect(try await note.value(timeout: .seconds(30)) == "y")
            #expect(worker.isRunning)
            try await fresh.close()
            kill(waiting.processIdentifier, SIGCONT)
            try await until("the command ends") { !waiting.isRunning }
            #expect(waiting.terminationStatus == 0, "\(scene.written("waiting"))")
        }
    }

    @Test func whoHoldsTheLockIsNamed() async throws {
        try await FaultScene.run { scene in
            _ = try await scene.relier.push(Note(text: "x", evidence: scene.evidence))
            let other = try blocker(scene)
            let status = try await run(["queue", "pause", "default"], in: scene, output: "blocked")
            #expect(status == 1)
            #expect(scene.written("blocked").contains("process \(getpid()) ("), "\(scene.written("blocked"))")
            #expect(scene.written("blocked").contains("is in a write transaction"))
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            try other.close()
        }
    }
}
