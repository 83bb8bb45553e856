import Foundation
import GRDB
import GRDBSQLite
import Relier

/// Opens the database, and says what is wrong when that fails.
struct Opening {
    let path: String
    let location: String
    let options: SQLiteOptions

    init(path: String, options: SQLiteOptions) {
        self.path = ResolvedPath.of(path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path)
        location = "sqlite:\(self.path)"
        self.options = options
    }

    struct Opened {
        let database: any DatabaseWriter
        let clock: EngineClock
        /// `nil` in memory.
        var file: DatabaseFile.Identity?
        /// `nil` in memory, and for who only looks.
        let turn: WriteTurn?
        /// `nil` for a file.
        var memoryConnection: UInt?
    }

    /// - Parameter patience: how long statements wait for others; the options' time unless given.
    func configuration(readOnly: Bool = false, turn: WriteTurn? = nil, patience: BusyPatience? = nil) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.label = "relier"
        configuration.maximumReaderCount = 4
        configuration.journalMode = .default
        let patience = patience ?? BusyPatience(options.busyTimeout)
        // Processes that write in turn hold the lock for a millisecond or so each: look often at first, and never give up early.
        configuration.busyMode = .callback { tries in
            let waited = tries < 50 ? Double(tries) * 0.0002 : 0.01 + Double(tries - 50) * 0.001
            if waited >= patience.duration.inSeconds { return false }
            turn?.isWaiting()
            usleep(tries < 50 ? 200 : 1000)
            return true
        }
        return configuration
    }

    /// A database that lives in this process alone.
    func memory() throws(EngineError) -> Opened {
        do {
            let queue = try DatabaseQueue(configuration: configuration())
            let clock = try prepare(queue)
            if let prepare = options.prepareDatabase { try queue.writeWithoutTransaction(prepare) }
            let connection = try queue.read { UInt(bitPattern: $0.sqliteConnection) }
            return Opened(database: queue, clock: clock, file: nil, turn: nil, memoryConnection: connection)
        } catch {
            throw EngineError.from(error, at: "sqlite in memory")
        }
    }

    /// The file that a connection has open, by the path under which it was opened a moment ago.
    func identity(of db: Database) throws -> DatabaseFile.Identity {
        guard let identity = DatabaseFile.Identity(of: path), !db.hasMoved else {
            throw EngineError(.unavailable, "\(location) was replaced or removed while it was being opened; try again")
        }
        return identity
    }

    /// A further connection that only reads.
    func reader() throws(EngineError) -> any DatabaseReader {
        do { return try DatabaseQueue(path: path, configuration: configuration(readOnly: true)) } catch { throw explained(error) }
    }

    /// A further connection, for the closures of users.
    func userConnection() throws(EngineError) -> UserTransactions.Connection {
        if let refusal = options.refusal(at: location) { throw refusal }
        do {
            // Its own place in the line of those who wait for the write lock.
            let directory = RuntimeDirectory(for: path)
            try directory.make()
            let turn = WriteTurn(in: directory)
            let queue = try DatabaseQueue(path: path, configuration: configuration(turn: turn))
            try queue.writeWithoutTransaction { db in
                try tune(db)
                try options.prepareDatabase?(db)
            }
            return UserTransactions.Connection(database: queue, isShared: false, turn: turn)
        } catch {
            throw explained(error)
        }
    }

    private func tune(_ db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = \(options.durability == .durable ? "FULL" : "NORMAL")")
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(Self.keptLogBytes)")
        try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
    }

    /// Brings the tables up to date and finds the clock. Writes only what is not there yet, so that an opener waits for nobody who writes.
    func prepare(_ database: any DatabaseWriter) throws -> EngineClock {
        try database.writeWithoutTransaction(tune)
        if try !database.read(Schema.migrator.hasCompletedMigrations) {
            try database.writeWithoutTransaction { try Schema.migrator.migrate($0) }
        }
        if let clock = try database.read({ try EngineClock.ofThisBoot(options.clock, in: $0) }) { return clock }
        return try database.write { db in try EngineClock.load(options.clock, in: db) }
    }

    /// Pages in the write-ahead log after which a commit copies it back: larger than the default, since the same few pages change all the time.
    private static let checkpointPages = 4000
    /// A write-ahead log that a long reader made longer than this is cut back to it when it starts over.
    static let keptLogBytes = 64 << 20
    private static let cacheKiB = 16_000

    func explained(_ error: any Error) -> EngineError {
        if let error = error as? DatabaseError, error.resultCode == .SQLITE_NOTADB {
            return EngineError(
                .corrupt, "\(location) is no SQLite database; move the file away, or name another in RELIER_URL", cause: error)
        }
        return EngineError.from(error, at: location)
    }
}
