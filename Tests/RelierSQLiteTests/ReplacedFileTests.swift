import Foundation
import GRDB
import Relier
import Synchronization
import Testing

@testable import RelierSQLite

/// A database file that is replaced, or removed, under an engine that has it open.
@Suite struct ReplacedFileTests {
    let directory: TemporaryDirectory
    let log = LogLines()

    init() throws { directory = try TemporaryDirectory() }

    enum Way: CaseIterable, Sendable { case replaced, removed, movedAway }

    /// What an operator does who restores a backup, or cleans up.
    private func lose(_ way: Way) async throws {
        let path = directory.file()
        switch way {
        case .replaced:
            let backup = try DatabaseQueue(path: directory.file("b.db"))
            let source = try DatabaseQueue(path: path)
            try source.backup(to: backup)
            try source.close()
            try backup.close()
            #expect(rename(directory.file("b.db"), path) == 0)
            for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        case .removed: unlink(path)
        case .movedAway: #expect(rename(path, directory.file("elsewhere.db")) == 0)
        }
    }

    @Test(arguments: Way.allCases) func nothingIsReportedAsDone(way: Way) async throws {
        let told = LossCount()
        let engine = try SQLiteEngine(
            path: directory.file(), options: SQLiteOptions(onLoss: { _ in told.note() }, logger: log.logger))
        let kept = task()
        _ = try await engine.push([kept])
        let worker = try await Hand(engine)
        let claimed = try #require(try await worker.claim().first)
        try await lose(way)
        let error = await engineError { _ = try await engine.push([task()]) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("was replaced or removed while this program had it open; restart the program") == true)
        #expect(await engineError { try await worker.settle(claimed, .commit(result: Data("1".utf8))) }?.code == .unavailable)
        #expect(await engineError { _ = try await engine.status(of: [kept.envelope.id]) }?.code == .unavailable)
        #expect(await engineError { _ = try await engine.leases() }?.code == .unavailable)
        #expect(await engineError { _ = try await Hand(engine) }?.code == .unavailable)
        #expect(await engineError { _ = try worker.lease.renew(holding: [:], settledThrough: 0) }?.code == .unavailable)
        #expect(await engineError { try await engine.write { try $0.execute(sql: "CREATE TABLE a (b)") } }?.code == .unavailable)
        #expect(told.count == 1)
        #expect(log.lines.count == 1)
        if way == .replaced {
            let fresh = try SQLiteEngine(path: directory.file())
            #expect(try await fresh.status(of: [kept.envelope.id])[kept.envelope.id]?.state == .running)
            let finding = try await fresh.health().first { $0.name == "file" }
            #expect(finding?.level == .failure)
            #expect(finding?.detail.contains("it was replaced under that worker") == true)
            // The lease of the old file is held as long as its process lives; then its task is queued again.
            try await engine.close()
            #expect(try await fresh.leases().map(\.holderGone) == [true])
            #expect(try await !fresh.health().contains { $0.name == "file" })
            try await fresh.close()
        }
        try await engine.close()
    }

    @Test func aCommitIntoAFileThatWasReplacedMeanwhileIsNotAcknowledged() async throws {
        let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(logger: log.logger))
        _ = try await engine.push([task()])
        let path = directory.file()
        let error = await engineError {
            try await engine.writer.perform { store in
                try store.db.run("INSERT INTO meta (name, value) VALUES ('late', 1)")
                unlink(path)
            }
        }
        #expect(error?.code == .outcomeUnknown)
        try await engine.close()
    }

    @Test func aUsersTransactionIsNotAcknowledgedEither() async throws {
        let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(logger: log.logger))
        let path = directory.file()
        let error = await engineError {
            try await engine.write { db in
                try db.execute(sql: "CREATE TABLE theirs (a)")
                unlink(path)
            }
        }
        #expect(error?.code == .outcomeUnknown)
        try await engine.close()
    }

    @Test func aPushInATransactionOnTheOldFileIsRefused() async throws {
        let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(logger: log.logger))
        let pool = try DatabasePool(path: directory.file())
        try await lose(.replaced)
        let relier = Relier(engine)
        let error = await engineError {
            try await pool.write { db in _ = try relier.push(Nothing(), in: db) }
        }
        #expect(error?.code == .unavailable)
        // An engine on the new file, and a connection to the old one.
        let fresh = try SQLiteEngine(path: directory.file())
        let second = await engineError {
            try await pool.write { db in _ = try Relier(fresh).push(Nothing(), in: db) }
        }
        #expect(second?.code == .unavailable)
        try await fresh.close()
        try await engine.close()
    }
}

private struct Nothing: RelierTask {
    static let name = "nothing"
    func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
}

private final class LossCount: Sendable {
    private let stored = Mutex(0)
    var count: Int { stored.withLock { $0 } }
    func note() { stored.withLock { $0 += 1 } }
}
