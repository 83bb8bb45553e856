import Foundation
import GRDB
import Relier

extension Opening {
    /// Whose tables are in the file, and of which version.
    func checkOwner(_ db: Database) throws {
        let migrator = Schema.migrator
        if try migrator.isInUse(db) {
            if try migrator.hasBeenSuperseded(db) { throw superseded }
            return
        }
        let mark = try db.row("PRAGMA application_id", transform: { $0.int(0) }) ?? 0
        let isEmpty = try !db.exists("SELECT 1 FROM sqlite_master LIMIT 1")
        if mark == 0 && isEmpty && options.create { return }
        guard options.create else { throw noTables }
        guard options.sharesFile else {
            throw EngineError(
                .corrupt,
                "\(location) is an SQLite database of another program; name another file in RELIER_URL, "
                    + "or set RELIER_SQLITE_FILE=shared to keep Relier's tables in it beside that program's")
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

    var noTables: EngineError {
        EngineError(
            .unavailable,
            "\(location) holds no Relier tables; a worker or a program that pushes makes them: start one, or name another file in RELIER_URL"
        )
    }

    var superseded: EngineError {
        EngineError(
            .corrupt, "\(location) was made by a newer version of Relier; use that version, or name another database in RELIER_URL")
    }

    /// What can be told before SQLite is asked.
    func checkPath() throws(EngineError) {
        var info = stat()
        let exists = stat(path, &info) == 0
        if exists, info.st_mode & S_IFMT == S_IFDIR {
            throw EngineError(.unavailable, "\(location) is a directory; name a file in it, such as \(path)/relier.db")
        }
        if !(options.create && !options.readOnly) && (!exists || info.st_size == 0) {
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
}
