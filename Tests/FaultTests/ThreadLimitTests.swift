import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// The limit does not hold for root, so the worker runs as somebody else; only root can make it so.
private let canLimit = getuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0 && access("/usr/bin/prlimit", X_OK) == 0

/// The limit of a user's processes and threads is met.
@Suite(.serialized, .enabled(if: TestPlace.isFile && canLimit)) struct ThreadLimitTests {
    /// Starts the fixture as a user of its own, of root's group, with so many threads.
    private func start(_ scene: FaultScene, threads: Int, user: Int, _ arguments: [String], log: String) throws -> Process {
        _ = chmod(scene.directory, 0o770)
        for name in try FileManager.default.subpathsOfDirectory(atPath: scene.directory) {
            let isDirectory = name.hasSuffix("-relier")
            _ = chmod("\(scene.directory)/\(name)", isDirectory ? 0o770 : 0o660)
        }
        let limits = ["--reuid=\(user)", "--regid=0", "--clear-groups", "prlimit", "--nproc=\(threads)"]
        return try scene.start(limits + [try FaultScene.program("relier-fixture")] + arguments, executable: "/usr/bin/setpriv", log: log)
    }

    private func text(of log: String) -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    @Test func synchronousBodiesWithoutAThreadGoBackAndRunLater() async throws {
        try await FaultScene.run { scene in
            let log = scene.directory + "/log"
            let sleepers = try await scene.relier.push(contentsOf: (0..<60).map { _ in Sleeper(gate: scene.gate) })
            let worker = try start(
                scene, threads: 60, user: 64_001, ["worker", "--concurrency=50", "--grace=5", "--log-level=info"], log: log)
            try await until("the log says why bodies go back") { text(of: log).contains("a synchronous body goes back to its queue") }
            #expect(text(of: log).contains("ulimit -u"))
            scene.openGate()
            for sleeper in sleepers {
                #expect(try await sleeper.value(timeout: .seconds(60)))
                let summary = try await scene.details(of: sleeper.id).summary
                #expect(summary.attempt == 1 && summary.resurrections == 0)
            }
            #expect(try await scene.engine.deadLetterReasons().isEmpty)
            kill(worker.processIdentifier, SIGTERM)
            try await until("it has left", within: .seconds(30)) { !worker.isRunning }
            #expect(worker.terminationStatus == 0, "\(text(of: log).suffix(2000))")
        }
    }

    /// Fewer threads than a supervisor needs by itself. With just enough for it, the cooperative pool of a worker may wait for threads without a word.
    @Test(arguments: [4, 7]) func aSupervisorWithoutThreadsEndsWithALine(threads: Int) async throws {
        try await FaultScene.run { scene in
            let log = scene.directory + "/log"
            let receipt = try await scene.relier.push(Note(text: "x", evidence: scene.evidence))
            let worker = try start(scene, threads: threads, user: 64_001, ["worker", "--grace=5", "--log-level=error"], log: log)
            try await until("it works or says why it cannot", within: .seconds(20)) {
                if !worker.isRunning || text(of: log).contains("cannot start") { return true }
                return try await receipt.status() == .committed
            }
            let isCommitted = try await receipt.status() == .committed
            #expect(isCommitted || text(of: log).contains("cannot start"), "\(text(of: log).suffix(2000))")
        }
    }
}
