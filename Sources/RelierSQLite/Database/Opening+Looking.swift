import Foundation
import GRDB
import GRDBSQLite
import Relier

extension Opening {
    /// The database of a file for who only looks: nothing is made, brought up to date or written, and nobody who writes is waited for.
    func look() throws(EngineError) -> (Opened, RuntimeDirectory) {
        try checkPath()
        do {
            if try isCertainlyEmpty() { throw noTables }
            let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: true))
            let (clock, file) = try queue.read { db in
                try checkSchema(db)
                return (try EngineClock.ofThisBoot(options.clock, in: db) ?? EngineClock.after(options.clock, in: db), try identity(of: db))
            }
            return (Opened(database: queue, clock: clock, file: file, turn: nil), RuntimeDirectory(for: path))
        } catch {
            throw explained(error)
        }
    }

    private func checkSchema(_ db: Database) throws {
        let migrator = Schema.migrator
        guard try migrator.isInUse(db) else { throw noTables }
        if try migrator.hasBeenSuperseded(db) { throw superseded }
        guard try migrator.hasCompletedMigrations(db) else {
            throw EngineError(
                .unavailable,
                "\(location) has the tables of an older version of Relier; a worker or a push of this version brings them up to date: start one"
            )
        }
    }

    /// Whether the file has none of Relier's tables, found out without SQLite's shared memory, so that not even that is made. Only while there is no
    /// log the file tells the whole truth.
    private func isCertainlyEmpty() throws -> Bool {
        guard access(path + "-wal", F_OK) != 0, errno == ENOENT,
            let name = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)
        else { return false }
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        guard sqlite3_open_v2("file:\(name)?immutable=1", &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nil) == SQLITE_OK else {
            return false
        }
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(connection, SchemaMigrator.inUseQuery, -1, &statement, nil) == SQLITE_OK else { return false }
        return sqlite3_step(statement) == SQLITE_DONE
    }
}

extension SQLiteOptions {
    /// Why nothing is written; `nil` when writing is allowed.
    func refusal(at location: String) -> EngineError? {
        readOnly ? EngineError(.readOnly, "\(location) was opened only to look at; open it without 'readOnly' to change it") : nil
    }
}
