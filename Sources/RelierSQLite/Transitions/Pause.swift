import Foundation
import GRDB
import Relier

extension Store {
    func setPaused(_ isPaused: Bool, queue: Queue) throws {
        guard queue != .requeue else {
            throw EngineError(
                .notFound, "'re-queue' is no queue of its own: recovered tasks belong to the queues they were pushed into; pause those")
        }
        guard let number = try existingNumber(of: queue) else {
            let known = try db.rows("SELECT name FROM queue ORDER BY name LIMIT 20") { "'\($0.text(0))'" }
            let choice = known.isEmpty ? "there are none yet" : "there are \(known.joined(separator: ", "))"
            throw EngineError(.notFound, "no queue '\(queue.name)' is known, since nobody has pushed into it or served it; \(choice)")
        }
        if isPaused {
            try db.run("INSERT INTO paused (queue, at) VALUES (?, ?) ON CONFLICT DO NOTHING", .int(number), .time(now))
        } else if try db.run("DELETE FROM paused WHERE queue = ?", .int(number)) > 0 {
            effects.wakeAll = true
        }
    }
}

extension Database {
    func isPaused(_ queue: Int64) throws -> Bool { try exists("SELECT 1 FROM paused WHERE queue = ?", .int(queue)) }
}
