import Foundation
import GRDB
import GRDBSQLite
import Relier

extension EngineError {
    /// An error of the database below, as what a caller can act on.
    /// - Parameters:
    ///   - location: the engine's place, for the message.
    ///   - committing: the failure came out of the commit itself, so that its outcome may be unknown.
    static func from(_ error: any Error, at location: String, committing: Bool = false) -> EngineError {
        let code: Int32
        let text: String
        switch error {
        case let error as EngineError: return error
        case let error as SQLiteFailure: (code, text) = (error.code, error.message)
        case let error as DatabaseError:
            (code, text) = (error.extendedResultCode.rawValue, error.message ?? error.extendedResultCode.description)
        default:
            return EngineError(.failed, "\(location): \(error)", cause: error)
        }
        switch code & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return EngineError(.busy, busyMessage(location, text), cause: error)
        case SQLITE_READONLY, SQLITE_PERM:
            return EngineError(
                .readOnly, "\(location) cannot be written (\(text)); give this user write permission to the file and its directory",
                cause: error)
        case SQLITE_FULL:
            return EngineError(.full, "no space left for \(location) (\(text)); free some disk space and try again", cause: error)
        case SQLITE_NOMEM:
            return EngineError(.full, "\(location): out of memory; nothing was written", cause: error)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return EngineError(
                .corrupt, "\(location) is damaged or no Relier database (\(text)); restore it from a backup or move it away", cause: error)
        case SQLITE_CANTOPEN:
            return EngineError(
                .unavailable, "\(location) cannot be opened (\(text)); check that the directory exists and may be written", cause: error)
        case SQLITE_IOERR where committing:
            return EngineError(
                .outcomeUnknown, "\(location): the disk failed during a commit (\(text)); send the same call again", cause: error)
        case SQLITE_MISUSE where text.contains("closed"), SQLITE_ABORT where text.contains("closed"):
            return EngineError(.unavailable, "\(location) was closed by this program", cause: error)
        default:
            return EngineError(.failed, "\(location): \(text) (SQLite error \(code))", cause: error)
        }
    }

    /// Names who writes, where the kernel tells.
    private static func busyMessage(_ location: String, _ text: String) -> String {
        let path = location.hasPrefix("sqlite:/") ? String(location.dropFirst("sqlite:".count)) : nil
        guard let holders = path.flatMap({ LockHolders.writers(of: $0).named }) else {
            return
                "\(location) is locked by another program, which the kernel does not name (\(text)); try again, or see who has it open with 'fuser'"
        }
        return "\(location) is locked (\(text)): \(holders) is in a write transaction; try again, or end that transaction"
    }
}
