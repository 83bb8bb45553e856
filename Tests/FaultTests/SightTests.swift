import Foundation
import Relier
import RelierSQLite
import TestSupport
import Testing

@testable import FaultFixtures

/// Sweepers that cannot look at a lease: for want of rights, or of descriptors.
@Suite(.serialized, .enabled(if: TestPlace.isFile, "leases are files on SQLite only")) struct SightTests {
    /// A program that runs as a user who may do nothing, in this group.
    private func asNobody(_ group: Int, _ program: String, _ arguments: [String]) -> [String] {
        ["--reuid=65534", "--regid=\(group)", "--clear-groups", program] + arguments
    }

    private static let setpriv = "/usr/bin/setpriv"

    /// Whether this user may become another; where tests are for keeps, it has to.
    private static let canDropPrivileges: Bool = {
        let can = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: setpriv)
        return can || ProcessInfo.processInfo.environment["CI"] == "true"
    }()

    /// `rl` where every user finds it.
    private func operatorsTool(in scene: FaultScene) throws -> String {
        let copy = scene.directory + "/rl"
        try FileManager.default.copyItem(atPath: try FaultScene.program("rl"), toPath: copy)
        #expect(chmod(copy, 0o755) == 0)
        return copy
    }

    @Test(.enabled(if: canDropPrivileges, "only root becomes another user"))
    func aSweeperOfTheSameGroupSeesThatTheWorkerLives() async throws {
        try await FaultScene.run { scene in
            let tool = try operatorsTool(in: scene)
            #expect(chmod(scene.directory, 0o777) == 0)
            // The database is the group's, whatever the umask of who makes files beside it.
            for name in ["relier.db", "relier.db-wal", "relier.db-shm"] {
                #expect(chown("\(scene.directory)/\(name)", 0, 1) == 0 && chmod("\(scene.directory)/\(name)", 0o660) == 0)
            }
            try await scene.engine.close()
            try await SQLiteEngine(path: scene.database).close()
            let worker = try scene.start(
                [
                    "-c", "umask 077; exec \"$0\" \"$@\"", try FaultScene.program("relier-fixture"), "worker", "--lease=1",
                    "--log-level=notice",
                ],
                executable: "/bin/sh", output: "worker")
            let engine = try SQLiteEngine(path: scene.database)
            let receipt = try await Relier(engine).push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            let sweeper = try scene.start(
                asNobody(1, tool, ["resurrector", "--interval=0.1"]), executable: Self.setpriv, output: "sweeper")
            try await until("the sweeper sweeps") { scene.written("sweeper").contains("resurrector started") || !sweeper.isRunning }
            // Three leases: what a sweeper would take, it had taken by then.
            try await Task.sleep(for: .seconds(3))  // waits: for what must not happen
            #expect(sweeper.isRunning, "\(scene.written("sweeper"))")
            #expect(!scene.written("sweeper").contains("cannot look"), "\(scene.written("sweeper"))")
            scene.openGate()
            _ = try await receipt.value(timeout: .seconds(30))
            #expect(try await engine.inspect(receipt.id)?.summary.resurrections == 0)
            #expect(worker.isRunning)
            try await engine.close()
        }
    }

    @Test(.enabled(if: canDropPrivileges, "only root becomes another user"))
    func aSweeperWithoutTheRightSaysSoAndEndsNothing() async throws {
        try await FaultScene.run { scene in
            let tool = try operatorsTool(in: scene)
            #expect(chmod(scene.directory, 0o777) == 0)
            for name in ["relier.db", "relier.db-wal", "relier.db-shm"] { #expect(chmod("\(scene.directory)/\(name)", 0o666) == 0) }
            try await SQLiteEngine(path: scene.database).close()
            let info = WorkerInfo(
                incarnation: .next(), process: .next(), name: "mute", host: "here", pid: getpid(), queues: [.default], concurrency: 1,
                kinds: [TaskKind(name: "note", version: 1)], lease: .seconds(1), isolated: false)
            let lease = try await scene.engine.join(info)
            // No renewal follows, so that the counter stands still for who sees it.
            #expect(chmod("\(scene.database)-relier/\(info.incarnation).lease", 0o600) == 0)
            let sweeper = try scene.start(
                asNobody(65534, tool, ["resurrector", "--interval=0.1"]), executable: Self.setpriv, output: "sweeper")
            try await until("the sweeper says that it cannot look") {
                scene.written("sweeper").contains("EACCES") || !sweeper.isRunning
            }
            try await Task.sleep(for: .seconds(3))  // waits: for what must not happen
            #expect(sweeper.isRunning)
            let lines = scene.written("sweeper").split(separator: "\n").filter { $0.contains("cannot look at the lease") }
            #expect(lines.count == 1, "\(scene.written("sweeper"))")
            #expect(try await scene.engine.leases().map(\.incarnation) == [info.incarnation])
            withExtendedLifetime(lease) {}
        }
    }

    /// With so few descriptors some looks fail, at whatever moment; those that succeed show a worker that lives.
    @Test(arguments: [21, 23, 25, 27, 29]) func aProcessWithoutDescriptorsLosesNoWorker(limit: Int) async throws {
        try await FaultScene.run { scene in
            let worker = try scene.start(
                [
                    "-c", "ulimit -n \(limit); exec \"$0\" \"$@\"", try FaultScene.program("relier-fixture"), "worker", "--lease=1",
                    "--log-level=notice",
                ],
                executable: "/bin/sh", output: "worker")
            let receipts = try await scene.relier.push(
                contentsOf: (0..<8).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
            // How far such a worker comes depends on the limit; what counts is what is said of it meanwhile.
            try await Task.sleep(for: .seconds(4))  // waits: for what must not happen
            #expect(!scene.written("worker").contains("process gone"), "\(scene.written("worker"))")
            for receipt in receipts {
                // Its supervisor may have seen it end for want of descriptors; nobody else may have said that it did.
                for lost in try await scene.details(of: receipt.id).history where lost.outcome == "worker-gone" {
                    #expect(lost.detail != "process gone" && lost.detail != "lease ended", "\(lost)")
                }
            }
            withExtendedLifetime(worker) {}
        }
    }
}
