import Foundation
import GRDB
import Relier
import RelierSQLite
import Synchronization
import TestSupport
import Testing

@testable import FaultFixtures

/// `context.commit` in real worker processes that are killed, or have to leave.
@Suite(.serialized, .enabled(if: TestPlace.isFile, "rows of one's own need a file")) struct CommitInBodyTests {
    /// The environment's `TEST_KILLS` sets another number, for a long run by hand.
    static let kills = ProcessInfo.processInfo.environment["TEST_KILLS"].flatMap(Int.init) ?? 25

    private func makeTable(_ scene: FaultScene) async throws {
        try await scene.sqlite.write {
            try $0.execute(sql: "CREATE TABLE deposit (number INTEGER NOT NULL, part INTEGER NOT NULL, task TEXT NOT NULL)")
        }
    }

    /// Rows by their task, and how many tasks have committed, as of one moment.
    private func audit(_ reader: DatabaseQueue) async throws -> (rows: [String: Int], committed: Int) {
        try await reader.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT task, count(*) AS n FROM deposit GROUP BY task")
            let committed = try Int.fetchOne(db, sql: "SELECT count(*) FROM finished WHERE state = 6") ?? -1
            return (Dictionary(uniqueKeysWithValues: rows.map { ($0["task"], $0["n"]) }), committed)
        }
    }

    @Test func rowsAndCommitsAgreeUnderKills() async throws {
        try await FaultScene.run { scene in
            try await makeTable(scene)
            let reader = try DatabaseQueue(path: scene.database)
            let limits = ReleaseLimits(maxResurrections: 10_000, maxLosses: 10_000, maxLoneTasks: 0)
            let resurrector = Task { [engine = scene.engine] in
                try await Resurrector(
                    engine: engine, settings: ResurrectionSettings(interval: .milliseconds(20), limits: limits), logger: FaultScene.logger
                ).run()
            }
            defer { resurrector.cancel() }
            var seed = SystemRandomNumberGenerator()
            var receipts: [TaskReceipt<Int>] = []
            func push(_ count: Int) async throws {
                receipts += try await scene.relier.push(
                    contentsOf: (0..<count).map { Deposit(number: receipts.count + $0, evidence: scene.evidence) })
            }
            var workers = try [scene.startWorkerProcess(), scene.startWorkerProcess()]
            for kill in 1...Self.kills {
                let done = try await audit(reader).committed
                if receipts.count - done < 100 { try await push(200) }
                // Somewhere in the work that is going on: after the next commits, and a random while.
                try await until("kill \(kill): the workers commit") { try await audit(reader).committed >= done + 3 }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000, using: &seed)))  // waits: a kill at a random moment
                let victim = Int.random(in: 0..<workers.count, using: &seed)
                Foundation.kill(workers[victim].processIdentifier, SIGKILL)
                workers[victim].waitUntilExit()
                let (rows, committed) = try await audit(reader)
                #expect(rows.count == committed, "after kill \(kill): \(rows.count) tasks have rows, \(committed) have committed")
                #expect(rows.values.allSatisfy { $0 == 3 }, "after kill \(kill): rows without their siblings, or twice")
                workers[victim] = try scene.startWorkerProcess()
            }
            for receipt in receipts {
                _ = try await receipt.value(timeout: .seconds(120))
            }
            let (rows, committed) = try await audit(reader)
            #expect(committed == receipts.count)
            #expect(Set(rows.keys) == Set(receipts.map(\.id.description)))
            #expect(rows.values.allSatisfy { $0 == 3 })
            let interrupted = scene.lines().filter { $0.hasPrefix("start") }.count - receipts.count
            let unreturned = receipts.count - scene.lines().filter { $0.hasPrefix("committed") }.count
            #expect(interrupted > 0, "no kill fell into a body")
            print(
                "\(Self.kills) kills: \(receipts.count) tasks, \(interrupted) runs cut off before their commit, \(unreturned) after it, "
                    + "\(rows.values.reduce(0, +)) rows")
            try reader.close()
        }
    }

    @Test func aTransactionThatIsHeldTakesOnlyItsProcessDown() async throws {
        try await FaultScene.run { scene in
            try await makeTable(scene)
            try await scene.withSupervisor { crew in
                let innocents = try await scene.relier.push(
                    contentsOf: (0..<3).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
                try await until("the others run") { scene.lines().count == 3 }
                let culprit = try await scene.relier.push(Hoarder(evidence: scene.evidence + ".hoarder", gate: scene.gate + ".never"))
                try await until("it holds the file") { !scene.lines(".hoarder").isEmpty }
                // Within twice the limit the process is gone, and with it the lock: a push waits that long at most.
                let start = ContinuousClock.now
                let note = try await scene.relier.push(Note(text: "after", evidence: scene.evidence))
                #expect(ContinuousClock.now - start < .seconds(4))
                scene.openGate()
                let error = try await #require(throws: TaskQuarantined.self) { try await culprit.value(timeout: .seconds(60)) }
                #expect(error.reason == "WorkerCrash")
                let last = try #require(try await scene.details(of: culprit.id).history.last)
                #expect(last.detail == "exit status 78")
                for receipt in innocents { _ = try await receipt.value(timeout: .seconds(60)) }
                _ = try await note.value(timeout: .seconds(60))
                #expect(crew.dead.count >= 2)
                #expect(try await scene.sqlite.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM deposit") } == 0)
            }
        }
    }
}
