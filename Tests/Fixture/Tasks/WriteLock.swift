import Foundation
import GRDB

/// The write lock of a database in the hands of a program that is not Relier's.
public enum WriteLock {
    /// Begins a transaction, notes it, and holds it until a file is there.
    public static func hold(_ database: String, evidence: String, gate: String) async throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        let queue = try DatabaseQueue(path: database, configuration: configuration)
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            try Evidence.append("locked", to: evidence)
            while !FileManager.default.fileExists(atPath: gate) { usleep(5000) }
            try db.execute(sql: "ROLLBACK")
        }
        try queue.close()
    }
}
