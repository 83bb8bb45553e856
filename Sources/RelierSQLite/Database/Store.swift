import Foundation
import GRDB
import GRDBSQLite
import Relier

/// What a transaction changed that somebody may wait for.
struct Effects: Sendable {
    /// How many tasks became ready, by the number of their queue.
    var ready: [Int64: Int] = [:]
    /// Queues with a task that will be due soon, or that a rate will let start: who waits there may have to look earlier than it meant to.
    var due: Set<Int64> = []
    /// Something became ready that only some workers may take (suspects, parked tasks, a new dedicated pool): all look.
    var wakeAll = false
    /// Tasks that have ended.
    var ended: [TaskID] = []
    /// Incarnations whose lease is over.
    var leftLeases: [Incarnation] = []

    var isEmpty: Bool { ready.isEmpty && due.isEmpty && !wakeAll && ended.isEmpty && leftLeases.isEmpty }
}

/// The database inside the writer's transactions: its statements, its caches, and what the transaction changed.
/// It lives on the writer's thread alone.
final class Store {
    let db: Database
    let clock: EngineClock
    let retention: Retention
    let leases: any LeaseBook
    let hot: HotStatements
    var effects = Effects()
    var admission = AdmissionBook()
    /// Whether the last ``begin()`` got its transaction.
    private(set) var wasBegun = false
    private var beginning: EngineTime?

    // Caches of rows that never change. A rollback may take back the newest of them, so it empties all.
    var queueNumbers: [Queue: Int64] = [:]
    var queueNames: [Int64: Queue] = [:]
    var kindNumbers: [KindName: Int64] = [:]
    var kindNames: [Int64: KindName] = [:]
    var profiles: [Incarnation: WorkerProfile] = [:]
    var labels: [Int64: IncarnationLabel] = [:]
    var limiterNumbers: [LimiterName: Int64] = [:]

    /// Gates at which the transaction freed a slot, or at which somebody came to wait.
    var touched: Set<Gate> = []
    /// Gates that were found without a slot left by the push under way.
    var full: Set<Gate> = []
    /// Where the next look for forgotten waiters begins.
    var forgottenFrom: [LimitRule.Kind: Int64] = [:]
    /// Whether any queue is paused, as of the last look at a joined worker in this transaction.
    var anyPaused = false

    private let begun: SQL
    private let committing: SQL
    let encoder: JSONEncoder

    /// - Parameter cached: take the statements from those that the connection keeps, for a short life on a connection that is not the writer's.
    init(_ db: Database, clock: EngineClock, retention: Retention, leases: any LeaseBook, cached: Bool = false) throws {
        self.db = db
        self.clock = clock
        self.retention = retention
        self.leases = leases
        func sql(_ text: String) throws -> SQL { cached ? try db.sql(text) : SQL(try db.makeStatement(sql: text)) }
        hot = try HotStatements(sql)
        begun = try sql("BEGIN IMMEDIATE")
        committing = try sql("COMMIT")
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// The engine's time, the same for all that one transaction writes.
    var now: EngineTime {
        if let beginning { return beginning }
        let now = clock.now
        beginning = now
        return now
    }

    /// How many rows the connection has changed in its life.
    var totalChanges: Int32 { sqlite3_total_changes(db.sqliteConnection) }

    func begin() throws {
        wasBegun = false
        effects = Effects()
        touched.removeAll()
        admission = AdmissionBook()
        try begun.run()
        wasBegun = true
        beginning = nil
    }

    /// Works in a transaction that somebody else has begun and will end. What it counted is written by ``leave()``.
    func join() {
        effects = Effects()
        touched.removeAll()
        admission = AdmissionBook()
        beginning = nil
    }

    /// Lets go on who waits at a limit, and writes what was only counted so far, before somebody else ends the transaction.
    func leave() throws {
        try openGates()
        if admission.isChanged { try writeAdmission() }
    }

    func commit() throws {
        try leave()
        try committing.run()
    }

    /// Undoes the transaction, if there still is one: SQLite ends it by itself on some failures.
    func rollback() {
        effects = Effects()
        admission = AdmissionBook()
        queueNumbers.removeAll()
        queueNames.removeAll()
        kindNumbers.removeAll()
        kindNames.removeAll()
        profiles.removeAll()
        labels.removeAll()
        limiterNumbers.removeAll()
        touched.removeAll()
        if sqlite3_get_autocommit(db.sqliteConnection) == 0 {
            sqlite3_exec(db.sqliteConnection, "ROLLBACK", nil, nil, nil)
        }
    }

    func takeEffects() -> Effects {
        defer { effects = Effects() }
        return effects
    }
}

/// The statements that every task goes through, prepared once.
struct HotStatements {
    let known: SQL
    let insert: SQL
    let due: SQL
    let ready: SQL
    let claim: SQL
    let running: SQL
    let delete: SQL
    let finish: SQL
    let joined: SQL
    // Only tasks with a key go through these.
    let live: SQL
    let key: SQL
    let takeKey: SQL
    let completeKey: SQL

    init(_ sql: (String) throws -> SQL) throws {
        known = try sql(
            "SELECT 1 FROM finished WHERE id = ?1 UNION ALL SELECT 1 FROM dead WHERE id = ?1 LIMIT 1")
        insert = try sql(
            """
            INSERT INTO task
              (id, state, queue, due, wall, kind, enqueued, result_ttl, key, key_ttl, operation, traceparent, checksum, payload, signer,
               signature)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """)
        due = try sql(
            """
            SELECT 1 FROM task WHERE state = 1 AND wall = 0 AND due <= ?
            UNION ALL SELECT 1 FROM task WHERE state = 1 AND wall = 1 AND due <= ? LIMIT 1
            """)
        ready = try sql(
            "\(ClaimCandidate.select) WHERE state = 0 AND queue = ? AND recovered = ? ORDER BY seq LIMIT ?")
        claim = try sql(
            """
            UPDATE task SET state = 2, holder = ?, fence = ?, token = ?, settled = 0, request = ?, started = ? WHERE seq = ?
            """)
        running = try sql("\(RunningTask.select) WHERE id = ?")
        delete = try sql("DELETE FROM task WHERE seq = ?")
        finish = try sql(
            """
            INSERT INTO finished
              (id, state, kind, queue, holder, fence, token, failures, resurrections, enqueued, started, ended, result_until, expiry,
               key, history, result)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """)
        joined = try sql("SELECT EXISTS (SELECT 1 FROM paused) FROM worker WHERE number = ?")
        live = try sql("SELECT 1 FROM task WHERE id = ?")
        key = try sql("SELECT state, owner, holder, operation, until, value FROM idem WHERE key = ?")
        takeKey = try sql(
            """
            INSERT INTO idem (key, state, owner, manual, operation, until) VALUES (?, 1, ?, 0, ?, 0)
            ON CONFLICT (key) DO UPDATE SET state = 1, owner = excluded.owner, holder = NULL, operation = excluded.operation, until = 0
            """)
        completeKey = try sql("UPDATE idem SET state = 2, holder = NULL, until = ? WHERE key = ? AND owner = ?")
    }
}
