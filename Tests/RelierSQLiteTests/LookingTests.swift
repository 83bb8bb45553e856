import Foundation
import GRDB
import GRDBSQLite
import Relier
import Synchronization
import Testing

@testable import RelierSQLite

/// Engines that only look, openers that wait for nobody, and errors that name who is in the way.
@Suite struct LookingTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func look(_ options: SQLiteOptions = SQLiteOptions(readOnly: true, busyTimeout: .milliseconds(200))) throws -> SQLiteEngine {
        try SQLiteEngine(path: directory.file(), options: options)
    }

    private var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() } }

    /// A connection of another program, as far as SQLite can tell.
    private func other() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: directory.file(), configuration: configuration)
    }

    @Test func everyLookIsAnsweredWhileSomebodyWrites() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let pushed = task()
        _ = try await engine.push([pushed])
        let worker = try await Hand(engine)
        let other = try other()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let start = ContinuousClock.now
        // Whoever waited for the writer would do so for a minute.
        let looker = try look(SQLiteOptions(readOnly: true, busyTimeout: .seconds(60)))
        #expect(try await looker.tasks(TaskQuery()).items.map(\.id) == [pushed.envelope.id])
        #expect(try await looker.inspect(pushed.envelope.id) != nil)
        #expect(try await looker.queues().map(\.queued) == [1])
        #expect(try await looker.workers().map(\.info.incarnation) == [worker.incarnation])
        #expect(try await looker.leases().map(\.holderGone) == [false])
        _ = try await looker.deadLetters(DeadLetterQuery())
        _ = try await looker.deadLetterReasons()
        _ = try await looker.schedules()
        _ = try await looker.admission()
        #expect(ContinuousClock.now - start < .seconds(50))
        // The kernel's table lacks lines while other tests take and free locks.
        let write = try #require(try await looker.health().first { $0.name == "write" })
        if write.level == .warning {
            #expect(write.detail.contains("another connection of this process held the write lock"))
        } else {
            #expect(write.detail.contains("the kernel names nobody"))
        }
        #expect(await engineError { _ = try await looker.push([task()]) }?.code == .readOnly)
        #expect(await engineError { _ = try await Hand(looker) }?.code == .readOnly)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await looker.health().first { $0.name == "write" }?.level == .ok)
        try await looker.close()
        try await engine.close()
    }

    @Test func aDatabaseWithoutTablesStaysAsItIs() async throws {
        for mode in ["delete", "wal"] {
            let other = try DatabaseQueue(path: directory.file())
            try await other.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = \(mode); CREATE TABLE theirs (a)") }
            try other.close()
            let before = try (files, Data(contentsOf: URL(fileURLWithPath: directory.file())))
            let error = await engineError { _ = try look() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("holds no Relier tables") == true)
            #expect(try files == before.0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file())) == before.1)
            try FileManager.default.removeItem(atPath: directory.file())
        }
    }

    @Test func anOperatorMakesNoTables() async throws {
        let other = try DatabaseQueue(path: directory.file())
        try await other.writeWithoutTransaction { try $0.execute(sql: "CREATE TABLE a (b); DROP TABLE a") }
        try other.close()
        let error = await engineError { _ = try look(SQLiteOptions(create: false)) }
        #expect(error?.message.contains("holds no Relier tables") == true)
    }

    @Test func anOlderDatabaseIsNotBroughtUpToDate() async throws {
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = wal")
            try Schema.migrator.migrate(db, upTo: "operators")
        }
        let error = await engineError { _ = try look() }
        #expect(error?.message.contains("an older version of Relier; a worker or a push of this version brings them up to date") == true)
        let count = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM relier_migration") }
        #expect(count == 2)
        try queue.close()
    }

    @Test func aLookerLeavesTheLogAlone() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        _ = try await engine.push([task()])
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.file() + "-wal"))
        let looker = try look()
        _ = try await looker.queues()
        try await looker.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file() + "-wal")) == before)
        try await engine.close()
    }

    @Test func anOpenerWaitsForNobodyWhoWrites() async throws {
        let first = try SQLiteEngine(path: directory.file())
        _ = try await first.push([task()])
        let other = try other()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let start = ContinuousClock.now
        let second = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(busyTimeout: .seconds(60)))
        #expect(ContinuousClock.now - start < .seconds(50), "it waits for no writer, who would hold it up for a minute")
        #expect(try await second.queues().map(\.queued) == [1])
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await second.close()
        try await first.close()
    }

    /// One that has to write at opening waits outside: others pass through the gate meanwhile.
    @Test func whoWaitsAtOpeningHoldsUpNoOtherOpener() async throws {
        let clock = HandClock()
        try await SQLiteEngine(path: directory.file(), options: SQLiteOptions(clock: clock.clock)).close()
        clock.change { $0.bootID = "boot-2" }
        let other = try other()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let options = SQLiteOptions(busyTimeout: .seconds(60), clock: clock.clock)
        // On a thread of its own: it would hold one of the few that all tests share.
        let path = directory.file()
        let (opened, opener) = AsyncThrowingStream.makeStream(of: SQLiteEngine.self)
        Thread.detachNewThread {
            do { opener.yield(try SQLiteEngine(path: path, options: options)) } catch { opener.finish(throwing: error) }
        }
        let gate = try #require(LockedFile(existing: directory.file() + "-relier/opening.lock"))
        var passes = 0
        let deadline = ContinuousClock.now + .seconds(60)
        var wasSeen = false
        while passes < 5 || !wasSeen {
            try #require(ContinuousClock.now < deadline)
            if gate.lock() {
                passes += 1
                gate.unlock()
            } else {
                wasSeen = true
            }
            try await Task.sleep(for: .microseconds(200))  // waits: between two looks
        }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        var openedOnes = opened.makeAsyncIterator()
        try await openedOnes.next()?.close()
    }

    @Test func whoIsInTheWayIsNamed() async throws {
        let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(busyTimeout: .milliseconds(100)))
        let other = try other()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        try await expectBusy("another connection of this process is in a write transaction") { _ = try await engine.push([task()]) }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        let gate = try #require(LockedFile(existing: directory.file() + "-relier/opening.lock"))
        #expect(gate.lock())
        // Only what is not set up yet needs the gate.
        try FileManager.default.moveItem(atPath: directory.file() + "-relier", toPath: directory.file("new.db-relier"))
        let path = directory.file("new.db")
        try await expectBusy("is being set up by another connection of this process") {
            _ = try SQLiteEngine(path: path, options: SQLiteOptions(busyTimeout: .milliseconds(100)))
        }
        try await engine.close()
    }

    /// That a call fails as busy and names who is in the way, and nobody else. The kernel's table lacks lines while other tests take and free locks, and then
    /// nobody is named; that somebody is on a quiet machine is shown with real processes (`FaultTests.LookingTests`).
    private func expectBusy(_ holder: String, _ call: () async throws -> Void) async throws {
        for _ in 0..<10 {
            let error = await engineError(call)
            try #require(error?.code == .busy)
            let message = try #require(error?.message)
            if message.contains(holder) { return }
            #expect(!message.contains(/process [0-9]+/), "\(message)")
        }
    }

    @Test func locksAreReadAsTheKernelWritesThem() throws {
        let path = directory.file()
        for name in [path, path + "-shm"] { try Data().write(to: URL(fileURLWithPath: name)) }
        var info = stat()
        #expect(stat(path + "-shm", &info) == 0)
        func hex(_ number: UInt64) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }
        let device = UInt64(info.st_dev)
        let file = "\(hex(device >> 8 & 0xfff)):\(hex(device & 0xff)):\(info.st_ino)"
        let table = """
            1: FLOCK  ADVISORY  WRITE 2171 \(file) 0 EOF
            2: POSIX  ADVISORY  WRITE 15205 \(file) 120 120
            2: -> POSIX  ADVISORY  WRITE 99 \(file) 120 120
            3: POSIX  ADVISORY  READ 15206 \(file) 124 124
            4: POSIX  ADVISORY  READ 15207 \(file) 128 128
            5: POSIX  ADVISORY  WRITE 15208 00:00:1 120 120
            6: OFDLCK ADVISORY  WRITE -1 \(file) 120 120
            """
        #expect(LockHolders.writers(of: path, locks: table).map(\.process) == [15205])
        #expect(LockHolders.readers(of: path, locks: table).map(\.process) == [15206])
        #expect(LockHolders.users(of: path, locks: table).map(\.process) == [15207])
        #expect(LockHolders.owners(of: path + "-shm", locks: table).map(\.process) == [2171])
        #expect(LockHolders.writers(of: path).isEmpty)
    }

    @Test func aLongReaderIsNamed() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        _ = try await engine.push([task()])
        #expect(try await engine.health().first { $0.name == "log" }?.level == .ok)
        try await engine.close()
    }
}
