import Dispatch
import Foundation
import GRDB
import GRDBSQLite
import Logging
import Relier
import Synchronization

/// Runs users' closures in transactions of their own: apart from the writer, so that they hold up no operation of this process except by SQLite's
/// lock; one at a time, since there is one such lock; each within a limit.
///
/// At the limit its statements are stopped, the caller gets its error, and the connection is given up. SQLite allows no rollback from another
/// thread: while the closure runs on outside SQLite, the file stays locked, until it returns or the process is gone.
final class UserTransactions: Sendable {
    struct Connection: Sendable {
        let database: any DatabaseWriter
        /// In memory it is the only one, and the writer's, too.
        let isShared: Bool
        let turn: WriteTurn?
    }

    private struct State {
        var connection: Connection?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let turns = Turns()
    private let underWay = DispatchGroup()
    /// Has a thread of its own, which no body can starve.
    private let alarms = DispatchQueue(label: "relier-sqlite-limits")
    private let location: String
    /// `nil` in memory.
    private let file: DatabaseFile?
    private let logger: Logger
    private let open: @Sendable () throws(EngineError) -> Connection
    private let makeStore: @Sendable (Database) throws -> Store
    private let committed: @Sendable (Effects) -> Void

    init(
        location: String, file: DatabaseFile?, logger: Logger, open: @escaping @Sendable () throws(EngineError) -> Connection,
        makeStore: @escaping @Sendable (Database) throws -> Store, committed: @escaping @Sendable (Effects) -> Void
    ) {
        self.location = location
        self.file = file
        self.logger = logger
        self.open = open
        self.makeStore = makeStore
        self.committed = committed
    }

    /// What is done in one transaction, in this order.
    struct Work<Value, Answer: Sendable>: Sendable {
        /// Throws when the transaction need not begin.
        let before: @Sendable (Store) throws -> Void
        let closure: @Sendable (Database) throws -> Value
        let after: @Sendable (Store, Value) throws -> Answer
    }

    /// - Parameter leaveProcess: how to free the file when the closure neither ends nor writes at twice its limit; `nil` where that may not be done.
    /// - Throws: what the work throws; ``TransactionTooLong``; ``TransactionMisuse``; `EngineError`. Then nothing was written, unless it is `outcomeUnknown`.
    func run<Value, Answer>(
        _ work: Work<Value, Answer>, limit: Duration, leaveProcess: (@Sendable (String) -> Void)? = nil
    ) async throws -> Answer {
        await turns.take()
        defer { turns.pass() }
        let connection = try connection()
        defer { underWay.leave() }
        let result: Result<Answer, any Error> = await withCheckedContinuation { continuation in
            let answer = FirstAnswer(continuation)
            connection.database.asyncWriteWithoutTransaction { [self] db in
                let watch = TransactionGuard()
                let alarm = Alarm(limit: limit, watch: watch) { [self] in
                    giveUp(connection)
                    answer.give(.failure(TransactionTooLong(limit: limit)))
                } stuck: { [self] in
                    let line = "a closure has held \(location) locked for twice its limit of \(limit) and does nothing in it"
                    if let leaveProcess { leaveProcess(line) } else { logger.critical("\(line); nobody can write until it returns") }
                }
                answer.give(carryOut(work, in: db, connection, watch, alarm))
            }
        }
        return try result.get()
    }

    /// Waits for what is under way and closes the connection. Blocks, no longer than the limit of what runs.
    func close() {
        state.withLock { $0.isClosed = true }
        underWay.wait()
        let connection = state.withLock { state in
            defer { state.connection = nil }
            return state.connection
        }
        guard let connection, !connection.isShared else { return }
        do { try connection.database.close() } catch { logger.debug("\(location): closing a connection failed: \(error)") }
    }

    // The connection

    /// The one that is open, or a fresh one; what it is for is counted as under way.
    private func connection() throws -> Connection {
        try state.withLock { state in
            if state.isClosed { throw EngineError(.unavailable, "\(location) was closed by this program") }
            // A connection that is opened on a removed file would make another one.
            try file?.check()
            let connection = try state.connection ?? open()
            state.connection = connection
            underWay.enter()
            return connection
        }
    }

    /// The next closure gets a fresh one; this one is closed when its closure lets go of it.
    private func giveUp(_ connection: Connection) {
        if connection.isShared { return }
        state.withLock { state in
            if state.connection?.database === connection.database { state.connection = nil }
        }
    }

    // On the connection's queue

    private static let savepoint = "relier_closure"

    private func carryOut<Value, Answer>(
        _ work: Work<Value, Answer>, in db: Database, _ connection: Connection, _ watch: TransactionGuard, _ alarm: Alarm
    ) -> Result<Answer, any Error> {
        watch.attach(to: db)
        do {
            try file?.check()
            let store = try makeStore(db)
            func begin() throws { try db.beginTransaction(.immediate) }
            if let turn = connection.turn { try turn.take(begin) } else { try begin() }
            store.join()
            try work.before(store)
            try db.run("SAVEPOINT \(Self.savepoint)")
            alarm.start(on: alarms, connection.database)
            let value = try work.closure(db)
            try endClosure(in: db)
            let answer = try work.after(store, value)
            guard watch.beginCommit() else { throw TransactionTooLong(limit: alarm.limit) }
            try db.commit()
            finish(db, watch, alarm)
            committed(store.takeEffects())
            try file?.checkCommitted()
            return .success(answer)
        } catch {
            // What stopped statements throw is not the reason.
            let isLate = watch.isExpired
            finish(db, watch, alarm)
            return .failure(isLate ? TransactionTooLong(limit: alarm.limit) : known(error))
        }
    }

    /// The transaction must be the one that the closure was given, and no statement of the closure may hold it open.
    private func endClosure(in db: Database) throws {
        var statement = sqlite3_next_stmt(db.sqliteConnection, nil)
        while let open = statement {
            if sqlite3_stmt_busy(open) != 0 { sqlite3_reset(open) }
            statement = sqlite3_next_stmt(db.sqliteConnection, open)
        }
        do { try db.run("RELEASE \(Self.savepoint)") } catch { throw TransactionMisuse.ended }
    }

    /// Leaves the connection outside any transaction.
    private func finish(_ db: Database, _ watch: TransactionGuard, _ alarm: Alarm) {
        alarm.stop()
        watch.detach(from: db)
        guard db.isInsideTransaction else { return }
        do { try db.rollback() } catch { logger.error("\(location): a rollback failed: \(error)") }
    }

    /// What is Relier's own failure gets its line; an error of the closure reaches the caller as it is.
    private func known(_ error: any Error) -> any Error {
        switch error {
        case is EngineError: return error
        case is SQLiteFailure: return EngineError.from(error, at: location)
        case let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_FULL, .SQLITE_READONLY, .SQLITE_NOMEM].contains(error.resultCode):
            return EngineError.from(error, at: location)
        case let error as DatabaseError where error.resultCode == .SQLITE_IOERR:
            return EngineError.from(error, at: location, committing: true)
        default: return error
        }
    }
}
