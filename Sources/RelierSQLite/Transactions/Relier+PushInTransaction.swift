public import Foundation
public import GRDB
import GRDBSQLite
public import Relier

extension Relier {
    /// Accepts a task within a transaction of your own on the engine's file: it exists if and only if your transaction commits, and starts at once then.
    ///
    /// ```swift
    /// try await pool.write { db in
    ///     try order.insert(db)
    ///     try relier.push($sendInvoice(id: order.id), in: db)
    /// }
    /// ```
    ///
    /// It is as durable as your transaction: `PRAGMA synchronous` is your connection's. Of the receipt, only the id is of use before the commit.
    ///
    /// - Parameters:
    ///   - db: inside a write transaction, on a connection to the file of this client's ``SQLiteEngine``.
    ///   - after, date, id: as in ``push(_:after:at:id:)``.
    /// - Throws: ``TransactionMisuse`` outside a transaction, on a read-only connection or another file; `AdmissionRejectedError`, also when only some of many
    ///   tasks fit: a transaction must not wait; `PayloadTooLarge`, `RegistrationError` and `EngineError` as for any push. Nothing of the push is written then,
    ///   and the transaction goes on.
    @discardableResult
    public func push<Work: RelierTask>(
        _ task: Work, after delay: Duration? = nil, at date: Date? = nil, id: TaskID? = nil, in db: Database
    ) throws -> TaskReceipt<Work.Output> {
        let new = try newTask(task, due: Due(after: delay, at: date), id: id ?? .next())
        return receipts(for: [new], try accept([new], in: db))[0]
    }

    /// Accepts many tasks within a transaction of your own. See ``push(_:after:at:id:in:)``.
    @discardableResult
    public func push<Work: RelierTask>(
        contentsOf tasks: [Work], after delay: Duration? = nil, at date: Date? = nil, in db: Database
    ) throws -> [TaskReceipt<Work.Output>] {
        if tasks.isEmpty { return [] }
        let due = Due(after: delay, at: date)
        let new = try newTasks(tasks, due: due)
        return receipts(for: new, try accept(new, in: db))
    }

    /// The twin of `accept(_:)` in Relier: every push in a transaction goes through here.
    private func accept(_ tasks: [NewTask], in db: Database) throws -> [PushOutcome] {
        guard let engine = engine.underlying(SQLiteEngine.self) else {
            throw TransactionMisuse(
                "push(_:in:) needs the SQLite engine; this client's is \(engine.location): push after your transaction's commit instead")
        }
        let decorator = self.engine as? any EngineDecorator
        return try engine.push(tasks, in: db, admission: settings.admission) { accepted in decorator?.noteAccepted(accepted) }
    }
}

extension SQLiteEngine {
    /// - Parameter noting: told what was accepted, after the commit.
    func push(
        _ tasks: [NewTask], in db: Database, admission policy: AdmissionPolicy?, noting: @escaping @Sendable ([NewTask]) -> Void
    ) throws -> [PushOutcome] {
        try checkTransaction(of: db)
        let rowID = sqlite3_last_insert_rowid(db.sqliteConnection)
        // What the user's code reads after the push is the id of its own row.
        defer { sqlite3_set_last_insert_rowid(db.sqliteConnection, rowID) }
        do {
            let store = try transactionStore(db)
            store.join()
            try db.run("SAVEPOINT relier_push")
            let outcomes: [PushOutcome]
            do {
                outcomes = try store.push(tasks, admission: policy)
                if let policy, case .rejected(let rejection)? = outcomes.first(where: \.isRejected) {
                    throw AdmissionRejectedError(rejection, policy: policy)
                }
                try store.leave()
                try db.run("RELEASE relier_push")
            } catch {
                // Where SQLite has ended the whole transaction by itself, there is nothing left to go back to.
                if db.isInsideTransaction {
                    try db.run("ROLLBACK TO relier_push")
                    try db.run("RELEASE relier_push")
                }
                throw error
            }
            let effects = store.takeEffects()
            let accepted = zip(tasks, outcomes).filter { $0.1 == .accepted }.map(\.0)
            db.afterNextTransaction(onCommit: { [self] _ in
                bell.committed(effects)
                noting(accepted)
            })
            return outcomes
        } catch let error as AdmissionRejectedError {
            throw error
        } catch {
            throw EngineError.from(error, at: location)
        }
    }

    private func checkTransaction(of db: Database) throws {
        let readsOnly = try db.row("PRAGMA query_only", transform: { $0.int(0) }) == 1
        if readsOnly || sqlite3_db_readonly(db.sqliteConnection, "main") == 1 {
            throw TransactionMisuse("push(_:in:) was called on a read-only connection; call it in the closure of 'write'")
        }
        guard db.isInsideTransaction else {
            throw TransactionMisuse("push(_:in:) was called outside a transaction; call it in the closure of 'write', or use push(_:)")
        }
        guard isOnOwnFile(db) else {
            let other = db.fileName ?? "a database in memory"
            throw TransactionMisuse("push(_:in:) was called on \(other), but the engine's file is \(location); open that file")
        }
        try file?.check()
        if path != nil && db.hasMoved {
            throw EngineError(
                .unavailable, "the database at \(location) was replaced or removed while this connection had it open; open it anew")
        }
    }

    private func isOnOwnFile(_ db: Database) -> Bool {
        guard let path else { return memoryConnection == UInt(bitPattern: db.sqliteConnection) }
        guard let other = db.fileName else { return false }
        var (own, its) = (stat(), stat())
        return stat(path, &own) == 0 && stat(other, &its) == 0 && own.st_dev == its.st_dev && own.st_ino == its.st_ino
    }
}

extension Database {
    /// The path of the main database; `nil` in memory.
    fileprivate var fileName: String? {
        guard let name = sqlite3_db_filename(sqliteConnection, "main").map({ String(cString: $0) }), !name.isEmpty else { return nil }
        return name
    }
}

extension PushOutcome {
    fileprivate var isRejected: Bool {
        if case .rejected = self { true } else { false }
    }
}
