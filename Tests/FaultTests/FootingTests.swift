import Foundation
import GRDB
import Relier
import RelierSQLite
import TestSupport
import Testing

@testable import FaultFixtures

/// Files that are taken away under workers.
@Suite(.serialized, .enabled(if: TestPlace.isFile, "only SQLite has files")) struct FootingTests {
    private func wait(forRunning count: Int, in scene: FaultScene) async throws {
        try await until("\(count) run") { scene.lines().filter { $0.hasPrefix("start") }.count == count }
    }

    /// A process that has ended and was not reaped yet has no program any more.
    private func isAlive(_ pid: Int32) -> Bool { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")) != nil }

    /// A backup is put in the place of the database, as an operator would who restores one.
    @Test func workersAndTheirSupervisorLeaveAFileThatWasReplaced() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--lease=2", "--log-level=notice"], output: "worker")
            let held = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await wait(forRunning: 1, in: scene)
            let worker = try #require(scene.lines().first?.split(separator: " ").last.flatMap { Int32($0) })
            let source = try DatabaseQueue(path: scene.database)
            let backup = try DatabaseQueue(path: scene.directory + "/b.db")
            try source.backup(to: backup)
            try source.close()
            try backup.close()
            let start = ContinuousClock.now
            #expect(rename(scene.directory + "/b.db", scene.database) == 0)
            for suffix in ["-wal", "-shm"] { unlink(scene.database + suffix) }
            let refused = await #expect(throws: EngineError.self) {
                _ = try await scene.relier.push(Note(text: "lost", evidence: scene.evidence))
            }
            #expect(refused?.message.contains("was replaced or removed") == true)
            try await until("supervisor and worker are gone", within: .seconds(20)) {
                !supervisor.isRunning && !isAlive(worker)
            }
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(supervisor.terminationStatus == 1)
            let lines = scene.written("worker").split(separator: "\n").filter {
                $0.contains("was replaced or removed") && $0.contains("critical")
            }
            #expect((1...2).contains(lines.count), "one for each process: \(scene.written("worker"))")
            // Whoever is started now works on the file that is there, and what ran when the backup was made runs again.
            scene.openGate()
            _ = try scene.start(["worker", "--lease=2", "--log-level=error"])
            let fresh = try SQLiteEngine(path: scene.database)
            let note = try await Relier(fresh).push(Note(text: "found", evidence: scene.evidence))
            #expect(try await note.value(timeout: .seconds(30)) == "found")
            try await until("what was held in the backup is committed") {
                try await fresh.status(of: [held.id])[held.id]?.state == .committed
            }
            try await fresh.close()
        }
    }

    @Test func aWorkerMakesItsDirectoryAgain() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--lease=1", "--log-level=notice"], output: "worker")
            let held = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await wait(forRunning: 1, in: scene)
            for round in 1...3 {
                try FileManager.default.removeItem(atPath: scene.database + "-relier")
                try await until("the lease is there again") {
                    try await scene.engine.leases().contains { ($0.counter ?? 0) > 0 }
                }
                let note = try await scene.relier.push(Note(text: "\(round)", evidence: scene.evidence + ".notes"))
                #expect(try await note.value(timeout: .seconds(30)) == "\(round)")
            }
            // A worker process that starts now joins as ever.
            let worker = try #require(scene.lines().first?.split(separator: " ").last.flatMap { Int32($0) })
            #expect(try await scene.details(of: held.id).summary.resurrections == 0)
            #expect(!scene.written("worker").contains("a worker is gone"), "\(scene.written("worker"))")
            try FileManager.default.removeItem(atPath: scene.database + "-relier")
            kill(worker, SIGKILL)
            try await wait(forRunning: 2, in: scene)
            scene.openGate()
            _ = try await held.value(timeout: .seconds(30))
            #expect(supervisor.isRunning)
        }
    }
}
