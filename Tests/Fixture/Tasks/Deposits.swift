import Foundation
import GRDB
import Relier
import RelierSQLite

/// Writes three rows in the transaction that commits it.
struct Deposit: RelierTask {
    static let name = "deposit"
    var number: Int
    var evidence: String

    func run(_ context: TaskContext) async throws -> Int {
        try Evidence.append("start \(number)", to: evidence)
        let (number, task) = (number, context.id.description)
        let sum = try await context.commit { db in
            for part in 1...3 {
                try db.execute(
                    sql: "INSERT INTO deposit (number, part, task) VALUES (?, ?, ?)", arguments: [number, part, task])
            }
            return number
        }
        // A kill may fall between the commit and the return.
        try Evidence.append("committed \(number)", to: evidence)
        return sum
    }
}

/// Writes a row and then holds the transaction without using SQLite, until a file is there.
struct Hoarder: RelierTask {
    static let name = "hoarder"
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        let (evidence, gate) = (evidence, gate)
        return try await context.commit(limit: .milliseconds(500)) { db in
            try db.execute(sql: "INSERT INTO deposit (number, part, task) VALUES (0, 0, 'hoarder')")
            try Evidence.append("hoards \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
            while !FileManager.default.fileExists(atPath: gate) { usleep(5000) }
        }
    }
}
