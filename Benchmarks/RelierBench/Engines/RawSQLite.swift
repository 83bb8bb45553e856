import Foundation
import GRDBSQLite
import RelierSQLite

/// What SQLite itself can do for a task's life: insert, claim, commit as minimal transitions through the C library, in groups.
/// The statements are the yardstick; nothing here is Relier's.
struct RawSQLite {
    struct Measured {
        var rates: RawRates
        /// The time of each transaction that claims.
        var claims: Latencies
    }

    let path: String
    let durability: SQLiteOptions.Durability

    /// - Parameters:
    ///   - group: tasks a transaction; 1 or more.
    ///   - tasks: at least so many.
    func measure(group: Int, tasks: Int) throws -> Measured {
        let database = try RawDatabase(path: path)
        try database.run("pragma journal_mode=wal")
        try database.run("pragma synchronous=\(durability == .durable ? "full" : "normal")")
        try database.run(
            "create table t(id integer primary key, queue text, state int, fence int, worker text, env blob, at real)")
        try database.run("create index q on t(queue,state,id)")
        try database.run("create table r(id integer primary key, v blob, until real)")
        let groups = max(1, tasks / group)
        var claims = Latencies()

        let insert = try database.prepare("insert into t(queue,state,fence,env,at) values('default',0,0,?,0)")
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: NoOp.payloadBytes)
        let pushStart = Monotonic.now()
        for _ in 0..<groups {
            try database.run("begin immediate")
            for _ in 0..<group { try insert.execute { $0.bind(payload, at: 1) } }
            try database.run("commit")
        }
        let pushTime = Monotonic.now() - pushStart

        let claim = try database.prepare(
            """
            update t set state=1,fence=fence+1,worker='w' where id in \
            (select id from t where queue='default' and state=0 order by id limit ?) returning id,env,fence
            """)
        let remove = try database.prepare("delete from t where id=? and fence=? and worker='w'")
        let store = try database.prepare("insert into r values(?,?,?)")
        let result = Array("ok".utf8)
        var done = 0
        let claimStart = Monotonic.now()
        while done < groups * group {
            let start = Monotonic.now()
            try database.run("begin immediate")
            var claimed: [(id: Int64, payload: [UInt8], fence: Int64)] = []
            try claim.query(
                bind: { $0.bind(Int64(group), at: 1) },
                row: { claimed.append(($0.integer(0), $0.bytes(1), $0.integer(2))) })
            try database.run("commit")
            claims.add(Monotonic.now() - start)
            if claimed.isEmpty { throw BenchFailure("raw SQLite: \(groups * group - done) tasks were not there to claim") }
            try database.run("begin immediate")
            for task in claimed {
                try remove.execute {
                    $0.bind(task.id, at: 1)
                    $0.bind(task.fence, at: 2)
                }
                try store.execute {
                    $0.bind(task.id, at: 1)
                    $0.bind(result, at: 2)
                    $0.bind(0, at: 3)
                }
            }
            try database.run("commit")
            done += claimed.count
        }
        let claimTime = Monotonic.now() - claimStart
        let total = Double(groups * group)
        let rates = RawRates(push: total / (Double(pushTime) / 1e9), claimAndCommit: total / (Double(claimTime) / 1e9))
        return Measured(rates: rates, claims: claims)
    }
}

/// A connection to a database file of its own.
final class RawDatabase {
    private let connection: OpaquePointer

    init(path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else {
            sqlite3_close(opened)
            throw BenchFailure("raw SQLite: cannot open \(path)")
        }
        connection = opened
    }

    deinit { sqlite3_close_v2(connection) }

    func run(_ sql: String) throws {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    func prepare(_ sql: String) throws -> RawStatement {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &prepared, nil) == SQLITE_OK, let prepared else { throw failure(sql) }
        return RawStatement(prepared, of: self)
    }

    func failure(_ what: String) -> BenchFailure {
        BenchFailure("raw SQLite: \(String(cString: sqlite3_errmsg(connection))) in '\(what.prefix(60))'")
    }
}

/// A prepared statement; reset after each use.
final class RawStatement {
    private let statement: OpaquePointer
    private let database: RawDatabase
    /// Tells SQLite to copy what is bound before the call returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ statement: OpaquePointer, of database: RawDatabase) {
        self.statement = statement
        self.database = database
    }

    deinit { sqlite3_finalize(statement) }

    func bind(_ value: Int64, at index: Int32) { sqlite3_bind_int64(statement, index, value) }
    func bind(_ bytes: [UInt8], at index: Int32) {
        _ = bytes.withUnsafeBytes { sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), Self.copied) }
    }

    func execute(_ bind: (RawStatement) -> Void) throws { try query(bind: bind, row: { _ in }) }

    func query(bind: (RawStatement) -> Void, row: (RawStatement) -> Void) throws {
        bind(self)
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: row(self)
            case SQLITE_DONE: return
            default: throw database.failure(sqlite3_sql(statement).map { String(cString: $0) } ?? "")
            }
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
