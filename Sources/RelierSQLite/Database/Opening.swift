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
        let turn: WriteTurn?
        /// `nil` for a file.
        var memoryConnection: UInt?
    }

    func configuration(readOnly: Bool = false, turn: WriteTurn? = nil) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.label = "relier"
        configuration.maximumReaderCount = 4
        configuration.journalMode = .default
        let patience = max(0.001, options.busyTimeout.inSeconds)
        // Processes that write in turn hold the lock for a millisecond or so each: look often at first, and never give up early.
        configuration.busyMode = .callback { tries in
            let waited = tries < 50 ? Double(tries) * 0.0002 : 0.01 + Double(tries - 50) * 0.001
            if waited >= patience { return false }
            turn?.isWaiting()
            usleep(tries < 50 ? 200 : 1000)
            return true
        }
        return configuration
    }

    /// The database of a file, made where there is none, unless the options say otherwise.
    func file() throws(EngineError) -> (Opened, RuntimeDirectory) {
        try checkPath()
        let directory = RuntimeDirectory(for: path)
        try directory.make()
        let gate = try enter(directory)
        defer { withExtendedLifetime(gate) {} }
        do {
            // Looked at before anything is written: a pool changes the journal mode of whatever it opens.
            var info = stat()
            if stat(path, &info) == 0 && info.st_size > 0 {
                let first = try DatabaseQueue(path: path, configuration: configuration())
                try first.read(checkOwner)
                try first.close()
            }
            let turn = WriteTurn(in: directory)
            let pool = try DatabasePool(path: path, configuration: configuration(turn: turn))
            let clock = try prepare(pool)
            try directory.adopt()
            return (Opened(database: pool, clock: clock, turn: turn), directory)
        } catch {
            throw explained(error)
        }
    }

    /// A database that lives in this process alone.
    func memory() throws(EngineError) -> Opened {
        do {
            let queue = try DatabaseQueue(configuration: configuration())
            let clock = try prepare(queue)
            if let prepare = options.prepareDatabase { try queue.writeWithoutTransaction(prepare) }
            let connection = try queue.read { UInt(bitPattern: $0.sqliteConnection) }
            return Opened(database: queue, clock: clock, turn: nil, memoryConnection: connection)
        } catch {
            throw EngineError.from(error, at: "sqlite in memory")
        }
    }

    /// A further connection that only reads.
    func reader() throws(EngineError) -> any DatabaseReader {
        do { return try DatabaseQueue(path: path, configuration: configuration(readOnly: true)) } catch { throw explained(error) }
    }

    /// A further connection, for the closures of users.
    func userConnection() throws(EngineError) -> UserTransactions.Connection {
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
        try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
    }

    private func prepare(_ database: any DatabaseWriter) throws -> EngineClock {
        try database.writeWithoutTransaction(tune)
        if try !database.read(Schema.migrator.hasCompletedMigrations) {
            try database.writeWithoutTransaction { try Schema.migrator.migrate($0) }
        }
        return try database.write { db in try EngineClock.load(options.clock, in: db) }
    }

    /// Pages in the write-ahead log after which a commit copies it back: larger than the default, since the same few pages change all the time.
    private static let checkpointPages = 4000
    private static let cacheKiB = 16_000

    private func checkOwner(_ db: Database) throws {
        let migrator = Schema.migrator
        if try migrator.isInUse(db) {
            guard try !migrator.hasBeenSuperseded(db) else {
                throw EngineError(
                    .corrupt, "\(location) was made by a newer version of Relier; use that version, or name another database in RELIER_URL")
            }
            return
        }
        let mark = try db.row("PRAGMA application_id", transform: { $0.int(0) }) ?? 0
        let isEmpty = try !db.exists("SELECT 1 FROM sqlite_master LIMIT 1")
        if mark == 0 && isEmpty { return }
        guard options.sharesFile else {
            throw EngineError(
                .corrupt,
                "\(location) is an SQLite database of another program; name another file in RELIER_URL, "
                    + "or set RELIER_SQLITE_FILE=shared to keep Relier's tables in it beside that program's")
        }
        guard options.create else {
            throw EngineError(
                .unavailable, "\(location) holds no Relier tables yet; a worker or a program that pushes makes them: start one")
        }
        let taken = try Schema.reservedNames().filter {
            try db.exists("SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE", .text($0))
        }
        if !taken.isEmpty {
            throw EngineError(
                .conflict,
                "\(location) cannot be shared: Relier needs the name \(taken.sorted().joined(separator: ", ")) for itself; "
                    + "rename that table or index, or name another file in RELIER_URL")
        }
    }

    // Before SQLite is asked

    private func checkPath() throws(EngineError) {
        var info = stat()
        let exists = stat(path, &info) == 0
        if exists, info.st_mode & S_IFMT == S_IFDIR {
            throw EngineError(.unavailable, "\(location) is a directory; name a file in it, such as \(path)/relier.db")
        }
        if !options.create && (!exists || info.st_size == 0) {
            throw EngineError(
                .unavailable,
                "no Relier database is at \(path); a worker or a program that pushes makes it: start one there, or set RELIER_URL")
        }
        if exists, info.st_nlink > 1 {
            throw EngineError(
                .conflict,
                "\(location) has \(info.st_nlink) names (hard links), and each name would have a write-ahead log of its own, which damages the database; "
                    + "remove the others ('find / -xdev -samefile \(path)' lists them)")
        }
        let parent = (path as NSString).deletingLastPathComponent
        if stat(parent, &info) != 0 || info.st_mode & S_IFMT != S_IFDIR {
            throw EngineError(.unavailable, "the directory \(parent) of \(location) does not exist; make it, or set RELIER_URL")
        }
        if let system = FileSystem.of(parent), system.isNetwork {
            throw EngineError(
                .unavailable,
                "\(location) is on a network file system (\(system.name)), where SQLite's locks cannot be trusted; use a local disk")
        }
    }

    /// Lets one process at a time through: switching a new file to its journal mode does not wait for others by itself.
    private func enter(_ directory: RuntimeDirectory) throws(EngineError) -> LockedFile {
        let name = directory.path("opening.lock")
        let deadline = ContinuousClock.now + options.busyTimeout
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        if descriptor >= 0 { close(descriptor) }
        guard let file = LockedFile(existing: name) else {
            let reason = String(cString: strerror(errno))
            throw EngineError(
                errno == EROFS || errno == EACCES ? .readOnly : .unavailable,
                "\(name) cannot be written (\(reason)); give this user write permission to that directory")
        }
        while !file.lock() {
            if ContinuousClock.now > deadline {
                throw EngineError(.busy, "\(location) is being opened by another process for \(options.busyTimeout); try again")
            }
            // A lock of the kernel has no wait with a deadline.
            usleep(1000)
        }
        return file
    }

    private func explained(_ error: any Error) -> EngineError {
        if let error = error as? DatabaseError, error.resultCode == .SQLITE_NOTADB {
            return EngineError(
                .corrupt, "\(location) is no SQLite database; move the file away, or name another in RELIER_URL", cause: error)
        }
        return EngineError.from(error, at: location)
    }
}
