import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

/// Rows written by plain SQLite into the file of a live engine.
@Suite struct ForeignRecordTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The engine, and somebody else's connection to its file, which has a task's kind and its queue.
    private func withIntruder(_ body: (SQLiteEngine, Hand, DatabaseQueue) async throws -> Void) async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let hand = try await Hand(engine)
        _ = try await engine.push([task()])
        let first = try #require(try await hand.claim().first)
        try await hand.settle(first, .commit(result: Data("{}".utf8)))
        let intruder = try DatabaseQueue(path: directory.file())
        try await body(engine, hand, intruder)
        try intruder.close()
        try await engine.close()
    }

    private static func row(_ values: [String: Int64], id: TaskID) -> (sql: String, arguments: StatementArguments) {
        var row: [String: (any DatabaseValueConvertible)?] = [
            "id": Data(id.bytes), "state": 0, "queue": 1, "kind": 1, "enqueued": 0, "result_ttl": 0, "checksum": Data(), "payload": Data(),
        ]
        for (column, value) in values { row[column] = value }
        let columns = row.keys.sorted()
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        return (
            "INSERT INTO task (\(columns.joined(separator: ", "))) VALUES (\(marks))", StatementArguments(columns.map { row[$0] ?? nil })
        )
    }

    private func tendAll(_ engine: SQLiteEngine) async throws {
        while try await engine.tend(batch: 3, unregisteredAfter: nil).remaining {}
    }

    @Test(
        arguments: [
            (["state": 99], "its state 99 is none"), (["state": -1], "its state -1 is none"), (["state": .max], "is none"),
            (["kind": 4711], "its kind 4711 names no task"), (["kind": 4711, "state": 3], "its kind 4711 names no task"),
            (["kind": 4711, "state": 5], "its kind 4711 does not exist"), (["kind": -1], "its kind -1 names no task"),
            (["queue": 4711], "its queue 4711 does not exist"), (["queue": 4711, "state": 3], "its queue 4711 does not exist"),
            (["fence": .max], "its fence 9223372036854775807 is out of range"), (["fence": -1], "its fence -1 is out of range"),
            (["failures": .max], "its count of failures"), (["resurrections": .max], "its count of resurrections"),
            (["resurrections": .min, "state": 5], "its count of resurrections"), (["recovered": 2], "neither queued nor recovered"),
            (["state": 1], "scheduled for no time"), (["state": 1, "wall": 1], "scheduled for no time"),
            (["state": 1, "wall": 2, "due": 0], "scheduled for no time"), (["state": 4], "waits for no key"),
            (["state": 2, "failures": .max, "resurrections": .max], "its count of failures"),
            (["state": 2, "holder": 4711, "fence": .min], "its fence"),
        ] as [([String: Int64], String)])
    func aRecordOfForeignHandsIsQuarantinedAndHoldsUpNothing(values: [String: Int64], says: String) async throws {
        try await withIntruder { engine, hand, intruder in
            let id = TaskID.next()
            let row = Self.row(values, id: id)
            try await intruder.write { try $0.execute(sql: row.sql, arguments: row.arguments) }
            let good = task()
            _ = try await engine.push([good])
            // Operators can look at it meanwhile.
            #expect(try await engine.tasks(TaskQuery()).items.contains { $0.id == id })
            #expect(try await engine.inspect(id) != nil)
            #expect(try await engine.status(of: [id])[id]?.state.isEnd == false)
            var claimed = try await hand.claim(1)
            if claimed.isEmpty { claimed = try await hand.claim(1) }
            #expect(claimed.map(\.envelope.id) == [good.envelope.id])
            if values["state"] == 5 {
                let alone = try await Hand(engine, isolated: true)
                #expect(try await alone.claim(1, suspects: true).isEmpty)
            }
            try await tendAll(engine)
            #expect(try await hand.claim().isEmpty)
            let letters = try await engine.deadLetters(DeadLetterQuery()).items
            #expect(letters.map(\.id) == [id])
            #expect(letters.first?.reason == "PayloadIntegrityError")
            #expect(letters.first?.message.contains(says) == true, "\(letters.first?.message ?? "")")
            #expect(try await engine.inspect(id)?.summary.state == .quarantined)
            try await tendAll(engine)
            #expect(try await engine.tend(batch: 10, unregisteredAfter: nil).foreign == 0)
        }
    }

    /// A real task may seem to be held by nobody after hands were at the file: it is queued again, not condemned.
    @Test(arguments: [["state": 2], ["state": 2, "holder": 4711]]) func whatNobodyHoldsIsQueuedAgain(values: [String: Int64]) async throws {
        try await withIntruder { engine, hand, intruder in
            let new = task(payload: #"{"n":1}"#)
            _ = try await engine.push([new])
            let bytes = Data(new.envelope.id.bytes)
            try await intruder.write {
                try $0.execute(
                    sql: "UPDATE task SET state = 2, holder = ? WHERE id = ?", arguments: [values["holder"], bytes])
            }
            #expect(try await hand.claim().isEmpty)
            try await tendAll(engine)
            let claimed = try await hand.claim()
            #expect(claimed.map(\.envelope.id) == [new.envelope.id])
            #expect(claimed.first?.envelope.isIntact == true)
        }
    }

    /// A copy of a task that has ended does not undo its end, and stands in nobody's way.
    @Test func aCopyOfACommittedTaskChangesNothing() async throws {
        try await withIntruder { engine, hand, intruder in
            let new = task()
            _ = try await engine.push([new])
            let claimed = try #require(try await hand.claim().first)
            try await hand.settle(claimed, .commit(result: Data("1".utf8)))
            let row = Self.row([:], id: new.envelope.id)
            try await intruder.write { try $0.execute(sql: row.sql, arguments: row.arguments) }
            let copy = try #require(try await hand.claim().first)
            #expect(try await hand.settle(copy, .commit(result: Data("2".utf8))) == .done)
            let status = try await engine.status(of: [new.envelope.id])[new.envelope.id]
            #expect(status == TaskStatus(state: .committed, result: Data("1".utf8)))
        }
    }

    @Test func aCopyOfADeadLetterIsKeptBesideIt() async throws {
        try await withIntruder { engine, hand, intruder in
            let new = task()
            _ = try await engine.push([new])
            let claimed = try #require(try await hand.claim().first)
            try await hand.settle(claimed, .quarantine(reason: "First", message: "", keyHeld: false))
            for values in [["state": 99], [:]] as [[String: Int64]] {
                let row = Self.row(values, id: new.envelope.id)
                try await intruder.write { try $0.execute(sql: row.sql, arguments: row.arguments) }
                try await tendAll(engine)
                for copy in try await hand.claim() {
                    #expect(!copy.envelope.isIntact)
                    try await hand.settle(copy, .quarantine(reason: "PayloadIntegrityError", message: "", keyHeld: false))
                }
            }
            #expect(try await engine.deadLetterReasons() == ["First": 1, "PayloadIntegrityError": 2])
            #expect(try await engine.status(of: [new.envelope.id])[new.envelope.id]?.reason == "First")
        }
    }

    /// A number that nothing had may get a meaning by a push: it is not remembered as missing.
    @Test func aKindThatIsMadeLaterIsFound() async throws {
        try await withIntruder { engine, hand, intruder in
            let next = try await intruder.read { try Int64.fetchOne($0, sql: "SELECT max(number) + 1 FROM kind") } ?? 2
            let row = Self.row(["kind": next], id: .next())
            try await intruder.write { try $0.execute(sql: row.sql, arguments: row.arguments) }
            #expect(try await hand.claim().isEmpty)
            let later = task("later")
            _ = try await engine.push([later])
            let worker = try await Hand(engine, kinds: [TaskKind(name: "later", version: 1)])
            let claimed = try await worker.claim()
            #expect(claimed.map(\.envelope.id) == [later.envelope.id])
            #expect(claimed.first?.envelope.isIntact == true)
        }
    }

    /// A thousand of them are swept in batches beside the tasks.
    @Test func manyAreSweptInBatches() async throws {
        try await withIntruder { engine, hand, intruder in
            try await intruder.write { db in
                for index in 0..<300 {
                    let row = Self.row([["state": 50], ["kind": 999], ["state": 1], ["queue": 77]][index % 4], id: .next())
                    try db.execute(sql: row.sql, arguments: row.arguments)
                }
            }
            let ids = (0..<5).map { _ in task() }
            _ = try await engine.push(ids)
            var claimed: [TaskID] = []
            for _ in 0..<100 where claimed.count < 5 { claimed += try await hand.claim(2).map(\.envelope.id) }
            #expect(claimed == ids.map(\.envelope.id))
            try await tendAll(engine)
            #expect(try await engine.deadLetterReasons() == ["PayloadIntegrityError": 300])
        }
    }

    /// What looks for them reads no table from end to end.
    @Test func lookingForThemScansNothing() async throws {
        try await withIntruder { engine, _, intruder in
            for condition in [
                Schema.foreignState, "state = 1 AND wall < 0", "state = 1 AND wall = 0 AND due IS NULL", "state = 4 AND awaited IS NULL",
                "state = 0 AND queue = 1 AND recovered > 1", "state = 3 AND queue = 1 AND kind = 1", "state = 5 AND kind = 1",
                "state = 2 AND holder IS NULL",
            ] {
                let plan = try await intruder.read {
                    try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN SELECT seq, state FROM task WHERE \(condition) LIMIT 10").map {
                        $0["detail"] as String
                    }
                }
                #expect(plan.contains { $0.contains("INDEX task_") }, "\(condition): \(plan)")
                #expect(!plan.contains { $0.contains("SCAN") && !$0.contains("INDEX task_") }, "\(condition): \(plan)")
            }
            _ = engine
        }
    }

    @Test func aDatabaseOfBeforeSignaturesIsBroughtUpToDate() async throws {
        let path = directory.file()
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction { try Schema.migrator.migrate($0, upTo: "1-tasks") }
            try await queue.write { db in
                try db.execute(sql: "INSERT INTO queue (name) VALUES ('default'); INSERT INTO kind (name, version) VALUES ('t', 1)")
                let envelope = Envelope(
                    id: .next(), name: "t", version: 1, payload: Data("{}".utf8), enqueuedAt: EngineTime(microseconds: 0))
                try db.execute(
                    sql:
                        "INSERT INTO task (id, state, queue, kind, enqueued, result_ttl, checksum, payload) VALUES (?, 0, 1, 1, 0, 0, ?, ?)",
                    arguments: [Data(envelope.id.bytes), envelope.checksum, envelope.payload])
            }
            try queue.close()
        }
        let engine = try SQLiteEngine(path: path)
        let claimed = try await Hand(engine).claim()
        #expect(claimed.map(\.envelope.isIntact) == [true])
        #expect(claimed.first?.envelope.signature == nil)
        try await engine.close()
    }

    /// Beyond what SQLite stores in one value: refused, nothing is written, others go on.
    @Test func aPayloadThatSQLiteCannotStoreIsRefused() async throws {
        try await withIntruder { engine, hand, _ in
            var huge = task()
            huge.envelope.payload = Data(count: 1_000_000_001)
            let refused = huge
            #expect(await engineError { _ = try await engine.push([refused]) } != nil)
            #expect(try await engine.status(of: [refused.envelope.id]).isEmpty)
            let good = task()
            _ = try await engine.push([good])
            #expect(try await hand.claim().map(\.envelope.id) == [good.envelope.id])
        }
    }
}
