import Foundation
import GRDB
import Relier
import Synchronization
import Testing

@testable import RelierSQLite

/// Closures of users in transactions of their own: what they may not do, and how they are ended.
@Suite struct UserTransactionTests {
    struct Undo: Error {}

    let directory: TemporaryDirectory
    let engine: SQLiteEngine

    init() async throws {
        directory = try TemporaryDirectory()
        engine = try SQLiteEngine(path: directory.file())
        try await engine.write { try $0.execute(sql: "CREATE TABLE mine (n INTEGER)") }
    }

    private func rows(_ engine: SQLiteEngine? = nil) async throws -> Int {
        try await (engine ?? self.engine).read { try $0.row("SELECT count(*) FROM mine", transform: { Int($0.int(0)) }) ?? 0 }
    }

    /// Blocks until the file can be written by somebody else, as another process sees it.
    private func fileIsFree() async throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        let queue = try DatabaseQueue(path: directory.file(), configuration: configuration)
        try await queue.write { try $0.execute(sql: "UPDATE mine SET n = n") }
        try queue.close()
    }

    static let ways: [@Sendable (Database) throws -> Void] = [
        { try $0.execute(sql: "COMMIT") },
        { try $0.execute(sql: "ROLLBACK") },
        { try $0.execute(sql: "COMMIT; BEGIN; INSERT INTO mine VALUES (2)") },
        { try $0.execute(sql: "ROLLBACK; BEGIN IMMEDIATE; INSERT INTO mine VALUES (2)") },
        { try $0.execute(sql: "ROLLBACK; INSERT INTO mine VALUES (2)") },
        { db in
            try? db.execute(sql: "COMMIT")
            try? db.execute(sql: "INSERT INTO mine VALUES (3)")
        },
        { try $0.commit() },
        { try $0.rollback() },
    ]

    @Test(arguments: 0..<ways.count, [false, true])
    func theTransactionIsNotTheClosuresToEnd(way: Int, inMemory: Bool) async throws {
        let engine = inMemory ? try SQLiteEngine.inMemory() : self.engine
        if inMemory { try await engine.write { try $0.execute(sql: "CREATE TABLE mine (n INTEGER)") } }
        await #expect(throws: TransactionMisuse.self) {
            try await engine.write { db in
                try db.execute(sql: "INSERT INTO mine VALUES (1)")
                try Self.ways[way](db)
            }
        }
        #expect(try await rows(engine) == 0)
        // Nothing is wedged: neither the writer nor the next closure.
        #expect(try await engine.push([task()]) == [.accepted])
        try await engine.write { try $0.execute(sql: "INSERT INTO mine VALUES (1)") }
        #expect(try await rows(engine) == 1)
        try await engine.close()
    }

    @Test func openStatementsAndCaughtErrorsDoNotHoldTheTransaction() async throws {
        try await engine.write { db in
            for number in 0..<10 { try db.execute(sql: "INSERT INTO mine VALUES (?)", arguments: [number]) }
        }
        for _ in 0..<3 {
            try await engine.write { db in
                let cursor = try Int.fetchCursor(db, sql: "SELECT n FROM mine")
                _ = try cursor.next()
                try? db.execute(sql: "INSERT INTO nowhere VALUES (1)")
                try db.execute(sql: "INSERT INTO mine VALUES (1)")
                withExtendedLifetime(cursor) {}
            }
        }
        #expect(try await rows() == 13)
        try await fileIsFree()
        try await engine.close()
    }

    @Test func aFailedClosureLeavesOthersAlone() async throws {
        let engine = engine
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    do {
                        try await engine.write { db in
                            try db.execute(sql: "INSERT INTO mine VALUES (?)", arguments: [number])
                            if number % 2 == 1 { throw Undo() }
                        }
                    } catch is Undo {}
                }
                group.addTask { _ = try await engine.push([task()]) }
            }
            try await group.waitForAll()
        }
        #expect(try await rows() == 20)
        #expect(try await engine.queues().first?.queued == 40)
        try await engine.close()
    }

    @Test func aClosureThatSpinsInSQLIsStopped() async throws {
        let start = ContinuousClock.now
        await #expect(throws: TransactionTooLong.self) {
            try await engine.write(limit: .milliseconds(200)) { db in
                try db.execute(sql: "INSERT INTO mine VALUES (1)")
                _ = try Int.fetchOne(
                    db, sql: "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")
            }
        }
        #expect(ContinuousClock.now - start < .seconds(10))
        try await fileIsFree()
        #expect(try await rows() == 0)
        try await engine.write { try $0.execute(sql: "INSERT INTO mine VALUES (1)") }
        #expect(try await rows() == 1)
        try await engine.close()
    }

    @Test func aClosureThatSwallowsItsStopWritesNothing() async throws {
        let failures = Mutex(0)
        let fails = { @Sendable in failures.withLock { $0 += 1 } }
        await #expect(throws: TransactionTooLong.self) {
            try await engine.write(limit: .milliseconds(100)) { db in
                // Until its statements have failed for a while, however it swallows that.
                var left = 100
                while left > 0 {
                    do { try db.execute(sql: "INSERT INTO mine VALUES (1)") } catch {
                        fails()
                        left -= 1
                    }
                }
            }
        }
        try await fileIsFree()
        #expect(failures.withLock { $0 } == 100)
        #expect(try await rows() == 0)
        try await engine.close()
    }

    @Test func aClosureThatBlocksOutsideSQLiteIsGivenUp() async throws {
        let impatient = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(busyTimeout: .milliseconds(100)))
        let release = DispatchSemaphore(value: 0)
        let late = Mutex<(any Error)?>(nil)
        let note = { @Sendable (error: any Error) in late.withLock { $0 = error } }
        await #expect(throws: TransactionTooLong.self) {
            try await engine.write(limit: .milliseconds(100)) { db in
                try db.execute(sql: "INSERT INTO mine VALUES (1)")
                release.wait()
                do { try db.execute(sql: "INSERT INTO mine VALUES (2)") } catch { note(error) }
            }
        }
        // The caller has its answer, though the closure still blocks, and with it SQLite's lock: others are told so in bounded time.
        #expect(await engineError { _ = try await impatient.push([task()]) }?.code == .busy)
        try await impatient.close()
        release.signal()
        try await fileIsFree()
        #expect((late.withLock { $0 } as? DatabaseError)?.resultCode == .SQLITE_INTERRUPT)
        #expect(try await rows() == 0)
        try await engine.write { try $0.execute(sql: "INSERT INTO mine VALUES (1)") }
        #expect(try await rows() == 1)
        try await engine.close()
    }

    @Test func aProcessThatMayBeLeftIsLeftAtTwiceTheLimit() async throws {
        let release = DispatchSemaphore(value: 0)
        let (left, leave) = AsyncStream<String>.makeStream()
        let work = UserTransactions.Work<Void, Int>(
            before: { _ in }, closure: { _ in release.wait() }, after: { _, _ in 1 })
        await #expect(throws: TransactionTooLong.self) {
            try await engine.transactions.run(work, limit: .milliseconds(50), leaveProcess: { leave.yield($0) })
        }
        for await line in left {
            #expect(line.contains("twice its limit"))
            break
        }
        release.signal()
        try await fileIsFree()
        try await engine.close()
    }

    @Test func closuresOfUsersSeeWhatWasPrepared() async throws {
        let options = SQLiteOptions(prepareDatabase: { db in
            db.add(
                function: DatabaseFunction("twice", argumentCount: 1, pure: true) { values in
                    (Int.fromDatabaseValue(values[0]) ?? 0) * 2
                })
        })
        let other = try SQLiteEngine(path: directory.file(), options: options)
        #expect(try await other.write { try Int.fetchOne($0, sql: "SELECT twice(21)") } == 42)
        try await other.close()
        try await engine.close()
    }

    @Test func afterTheEndThereIsNoMore() async throws {
        try await engine.close()
        #expect(await engineError { try await engine.write { _ in } }?.code == .unavailable)
    }

    @Test func onlyOneEndDecides() {
        var phase = TransactionPhase()
        let begins = phase.beginCommit()
        let expires = phase.expire()
        #expect(begins && phase.mayCommit)
        #expect(!expires, "a commit that has begun is not stopped")
        var late = TransactionPhase()
        let isUp = late.expire()
        let commits = late.beginCommit()
        #expect(isUp && late.isExpired)
        #expect(!commits && !late.mayCommit)
        late.end()
        let again = late.expire()
        #expect(late.hasEnded && !late.isExpired && !again)
    }
}
