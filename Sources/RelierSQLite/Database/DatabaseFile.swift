import Foundation
import GRDB
import GRDBSQLite
import Logging
import Relier
import Synchronization

/// The database file that an engine has open, compared with what stands at its path. When somebody has replaced or removed the file, what is written
/// to it is seen by nobody, and must not be reported as done.
final class DatabaseFile: Sendable {
    /// One file on this machine.
    struct Identity: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64

        /// The file at a path; `nil` when there is none, or the look fails.
        init?(of path: String) {
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            (device, inode) = (UInt64(info.st_dev), UInt64(info.st_ino))
        }

        init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }
    }

    let identity: Identity
    private let path: String
    private let logger: Logger
    private let onLoss: (@Sendable (EngineError) -> Void)?
    private let isTold = Atomic<Bool>(false)

    init(_ identity: Identity, path: String, options: SQLiteOptions) {
        self.identity = identity
        self.path = path
        logger = options.logger
        onLoss = options.onLoss
    }

    /// - Throws: `unavailable` when another file, or none, stands at the path. Not being able to look is no loss.
    func check() throws(EngineError) {
        var info = stat()
        if stat(path, &info) == 0 {
            if info.st_ino == identity.inode && info.st_dev == identity.device { return }
        } else if errno != ENOENT && errno != ENOTDIR {
            return
        }
        let loss = EngineError(
            .unavailable, "the database at \(path) was replaced or removed while this program had it open; restart the program")
        if !isTold.exchange(true, ordering: .relaxed) {
            logger.critical("\(loss.message)")
            onLoss?(loss)
        }
        throw loss
    }

    /// To be called between a commit and its acknowledgement.
    /// - Throws: `outcomeUnknown` when the commit may have gone to a file that is not at the path any more.
    func checkCommitted() throws(EngineError) {
        do { try check() } catch {
            throw EngineError(
                .outcomeUnknown, "\(error.message); whether the last write is in the file that is there now is unknown", cause: error)
        }
    }
}

extension Database {
    /// Whether the file that this connection has open is not the one at its path, as SQLite sees it.
    var hasMoved: Bool {
        var moved: Int32 = 0
        return sqlite3_file_control(sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }
}
