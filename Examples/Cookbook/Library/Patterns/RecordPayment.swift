import GRDB
import Relier
import RelierSQLite

/// Rows of the program's own, beside Relier's tasks in one file.
enum PaymentTables {
    static func make(in db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE payment_order (id TEXT PRIMARY KEY, cents INTEGER NOT NULL);
                CREATE TABLE payment_entry (number INTEGER PRIMARY KEY, order_id TEXT NOT NULL REFERENCES payment_order, cents INTEGER NOT NULL);
                """)
    }
}

// quote: acceptOrder
/// The order and its task: both, or neither.
func acceptOrder(_ id: String, cents: Int, in pool: any DatabaseWriter, _ relier: Relier) async throws -> TaskReceipt<Int64> {
    try await pool.write { db in
        try db.execute(sql: "INSERT INTO payment_order (id, cents) VALUES (?, ?)", arguments: [id, cents])
        return try relier.push($recordPayment(order: id, cents: cents), in: db)
    }
}
// end quote

// quote: recordPayment
/// The entry and the task's commit: both, or neither. There is never a second entry, though nothing in the table forbids one.
@RelierTask(name: "recordPayment")
func recordPayment(order: String, cents: Int, context: TaskContext) async throws -> Int64 {
    try await context.commit { db in
        try db.execute(sql: "INSERT INTO payment_entry (order_id, cents) VALUES (?, ?)", arguments: [order, cents])
        return db.lastInsertedRowID
    }
}
// end quote
