import Foundation
import GRDB
import Relier

@testable import RelierSQLite

/// What somebody does to the database who is not the engine.
enum ForeignHands {
    static func alter(_ id: TaskID, to payload: Data, in engine: SQLiteEngine) async throws {
        let bytes = Data(id.bytes)
        try await engine.database.write { db in
            try db.execute(sql: "UPDATE task SET payload = ? WHERE id = ?", arguments: [payload, bytes])
        }
    }

    /// Rows that the tables allow and the engine never writes.
    static func plant(in engine: SQLiteEngine) async throws -> Int {
        let rows: [[String: Int64]] = [
            ["state": 99], ["state": -1], ["kind": 4711], ["kind": 4711, "state": 3], ["kind": 4711, "state": 5],
            ["queue": 4711], ["queue": 4711, "state": 3], ["fence": .max], ["failures": .max], ["resurrections": -1],
            ["recovered": 7], ["state": 1], ["state": 1, "wall": 9, "due": 5], ["state": 4],
            ["state": .min, "fence": .min, "failures": .max, "resurrections": .max, "enqueued": .min, "result_ttl": .min, "flags": -1],
        ]
        try await engine.database.write { db in
            try db.execute(sql: "INSERT INTO kind (name, version) VALUES ('work', 1)")
            let numbers = try Row.fetchOne(
                db, sql: "SELECT queue.number AS queue, kind.number AS kind FROM queue, kind WHERE queue.name = 'default'")
            for row in rows {
                var values: [String: (any DatabaseValueConvertible)?] = [
                    "id": Data(TaskID.next().bytes), "state": 0, "queue": numbers?["queue"] as Int64?, "kind": numbers?["kind"] as Int64?,
                    "enqueued": 0, "result_ttl": 0, "checksum": Data("garbage".utf8), "payload": Data([0xff, 0xfe]),
                ]
                for (column, value) in row { values[column] = value }
                let columns = values.keys.sorted()
                try db.execute(
                    sql:
                        "INSERT INTO task (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))",
                    arguments: StatementArguments(columns.map { values[$0] ?? nil }))
            }
        }
        return rows.count
    }
}
