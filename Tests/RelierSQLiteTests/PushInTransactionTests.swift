import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

/// Pushes within a transaction of the user's, on a connection that the user opened.
@Suite struct PushInTransactionTests {
    struct Work: RelierTask {
        static let name = "t"
        var number: Int
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }

    struct Once: RelierTask {
        static let name = "once"
        static var options: TaskOptions { TaskOptions(idempotent: .automatic(ttl: .hours(1))) }
        var number: Int
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }

    struct Undo: Error {}

    let directory: TemporaryDirectory
    let engine: SQLiteEngine
    let relier: Relier
    let pool: DatabasePool

    init() async throws {
        directory = try TemporaryDirectory()
        engine = try SQLiteEngine(path: directory.file())
        relier = Relier(engine)
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        pool = try DatabasePool(path: directory.file(), configuration: configuration)
        try await pool.write { try $0.execute(sql: "CREATE TABLE orders (id INTEGER PRIMARY KEY)") }
    }

    @Test func theTaskExistsIfAndOnlyIfTheTransactionCommits() async throws {
        let relier = relier
        let kept = try await pool.write { db in
            try db.execute(sql: "INSERT INTO orders (id) VALUES (41)")
            let receipt = try relier.push(Work(number: 1), in: db)
            #expect(db.lastInsertedRowID == 41, "the user's own row, not the task's")
            return receipt
        }
        #expect(!kept.isDuplicate)
        #expect(try await kept.status() == .queued)
        var undone: TaskReceipt<NoOutput>?
        do {
            undone = try await pool.write { db in
                let receipts = try relier.push(contentsOf: [Work(number: 2), Work(number: 3)], in: db)
                #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM task") == 3)
                if receipts.count == 2 { throw Undo() }
                return receipts.first
            }
        } catch is Undo {}
        #expect(undone == nil)
        #expect(try await engine.queues().map(\.queued) == [1])
        let hand = try await Hand(engine)
        #expect(try await hand.claim().map(\.envelope.id) == [kept.id])
        try await engine.close()
    }

    @Test func aSavepointThatIsRolledBackTakesItsPushWithIt() async throws {
        let relier = relier
        let outer = try await pool.write { db in
            let outer = try relier.push(Work(number: 1), in: db)
            try db.inSavepoint {
                try relier.push(Work(number: 2), in: db)
                return .rollback
            }
            return outer
        }
        let hand = try await Hand(engine)
        #expect(try await hand.claim().map(\.envelope.id) == [outer.id])
        try await engine.close()
    }

    @Test func aWaitingWorkerStartsAtOnce() async throws {
        let relier = relier
        let hand = try await Hand(engine)
        #expect(try await hand.claim().isEmpty)
        var quick = 0
        for number in 0..<5 {
            async let wait: Void = engine.awaitWork(hand.incarnation, queues: [.default], timeout: .seconds(60))
            while !engine.hub.interest.work { await Task.yield() }
            let start = ContinuousClock.now
            try await pool.write { db in _ = try relier.push(Work(number: number), in: db) }
            await wait
            if ContinuousClock.now - start < Bell.fallback / 2 { quick += 1 }
            #expect(try await hand.claim().count == 1)
        }
        #expect(quick >= 3)
        try await engine.close()
    }

    @Test func keysIdsAndDelaysAreThoseOfAnyPush() async throws {
        let relier = relier
        let id = TaskID.next()
        let first = try await relier.push(Once(number: 7))
        let (again, known, later) = try await pool.write { db in
            let again = try relier.push(Once(number: 7), in: db)
            _ = try relier.push(Work(number: 1), id: id, in: db)
            let known = try relier.push(Work(number: 1), id: id, in: db)
            return (again, known, try relier.push(Work(number: 2), after: .hours(1), in: db))
        }
        #expect(again.isDuplicate && again.id == first.id)
        #expect(known.isDuplicate && known.id == id)
        #expect(try await later.status() == .scheduled)
        #expect(try await engine.queues().first?.queued == 2)
        try await engine.close()
    }

    @Test func whatCannotHoldIsRefused() async throws {
        let relier = relier
        func misuse(_ what: String, _ error: (any Error)?) {
            #expect((error as? TransactionMisuse)?.description.contains(what) == true, "\(String(describing: error))")
        }
        @Sendable func attempt(_ db: Database) -> (any Error)? {
            do { try relier.push(Work(number: 1), in: db) } catch { return error }
            return nil
        }
        misuse("outside a transaction", try await pool.writeWithoutTransaction { attempt($0) })
        misuse("read-only", try await pool.read { attempt($0) })
        let queue = try DatabaseQueue(path: directory.file())
        misuse("read-only", try await queue.read { attempt($0) })
        let other = try DatabaseQueue(path: directory.file("other.db"))
        misuse("other.db", try await other.write { attempt($0) })
        let memory = try DatabaseQueue()
        misuse("a database in memory", try await memory.write { attempt($0) })
        #expect(try await engine.queues().allSatisfy { $0.queued == 0 })
        try await engine.close()
    }

    @Test func aLinkToTheFileIsTheFile() async throws {
        let relier = relier
        let link = directory.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory.path)
        let queue = try DatabaseQueue(path: link + "/relier.db")
        let receipt = try await queue.write { try relier.push(Work(number: 1), in: $0) }
        #expect(try await receipt.status() == .queued)
        try await engine.close()
    }

    @Test func bothTogetherOnTheEnginesOwnConnection() async throws {
        let relier = relier
        let receipt = try await engine.write { db in
            try db.execute(sql: "INSERT INTO orders (id) VALUES (1)")
            return try relier.push(Work(number: 1), in: db)
        }
        #expect(try await receipt.status() == .queued)
        await #expect(throws: Undo.self) {
            try await engine.write { db in
                try relier.push(Work(number: 2), in: db)
                throw Undo()
            }
        }
        #expect(try await engine.queues().first?.queued == 1)
        try await engine.close()
    }

    @Test func inMemoryToo() async throws {
        let engine = try SQLiteEngine.inMemory()
        let relier = Relier(engine)
        let receipt = try await engine.write { try relier.push(Work(number: 1), in: $0) }
        #expect(try await receipt.status() == .queued)
        try await engine.close()
    }
}
