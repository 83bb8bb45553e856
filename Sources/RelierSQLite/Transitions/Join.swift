import Foundation
import GRDB
import Relier

extension Store {
    /// Registers an incarnation whose lease stands already; answers its number.
    func join(_ worker: WorkerInfo) throws -> Int64 {
        if let label = try db.row("SELECT name FROM incarnation WHERE uuid = ?", .id(worker.incarnation), transform: { $0.text(0) }) {
            throw EngineError(.conflict, "the incarnation \(worker.incarnation) has joined before, as '\(label)'; join with a fresh one")
        }
        try db.run(
            "INSERT INTO incarnation (uuid, process, name) VALUES (?, ?, ?)", .id(worker.incarnation), .id(worker.process),
            .text(worker.name))
        let number = db.lastInsertedRowID
        let dedicated = worker.queues.contains(.requeue)
        try db.run(
            "INSERT INTO worker (number, process, info, joined, lease, dedicated) VALUES (?, ?, ?, ?, ?, ?)", .int(number),
            .id(worker.process), .text(String(decoding: try encoder.encode(worker), as: UTF8.self)), .time(now),
            .int(worker.lease.microseconds), .int(dedicated ? 1 : 0))
        let profile = WorkerProfile(number: number, info: worker)
        for queue in worker.queues where queue != .requeue { _ = try self.number(of: queue) }
        try declareLimits(of: worker.kinds)
        try unparkAll(for: profile)
        effects.wakeAll = true
        return number
    }

    /// Brings back what is parked and can be run now.
    private func unparkAll(for worker: WorkerProfile) throws {
        for queue in try db.rows("SELECT number FROM queue", transform: { $0.int(0) }) {
            for kind in try db.parkedKinds(queue: queue) where worker.canRun(try self.kind(kind)) {
                let count = try db.run(
                    "UPDATE task SET state = 0 WHERE state = 3 AND queue = ? AND kind = ?", .int(queue), .int(kind))
                effects.ready[queue, default: 0] += count
            }
        }
    }

    func leave(_ incarnation: Incarnation) throws {
        guard let worker = try joined(incarnation) else { return }
        for task in try held(by: worker.number, limit: .max) { try handBack(task, outcome: "handed-back", settled: false) }
        try forget(incarnation, number: worker.number)
    }

    /// Ends an incarnation that holds nothing more.
    func forget(_ incarnation: Incarnation, number: Int64) throws {
        try freeKeys(heldBy: number)
        try freeSlots(heldBy: number)
        try db.run("DELETE FROM worker WHERE number = ?", .int(number))
        try db.run("UPDATE incarnation SET ended = ? WHERE number = ?", .time(now), .int(number))
        profiles[incarnation] = nil
        effects.leftLeases.append(incarnation)
        // A pool that was dedicated to recoveries may have been the last: others serve them now.
        effects.wakeAll = true
    }
}
