import Dispatch
import Foundation
import GRDB
import Relier
import Synchronization

/// The lease of one joined incarnation. Renewing it writes the lease file and reads the database over a connection of its own: it waits neither for
/// the writer nor for the cooperative pool.
final class SQLiteLeaseHolder: LeaseHolder {
    private let incarnation: Incarnation
    private let number: Int64
    private let lease: any Lease
    private let reader: any DatabaseReader
    private let writer: Writer
    private let file: DatabaseFile?
    private let location: String

    init(
        _ incarnation: Incarnation, number: Int64, lease: any Lease, reader: any DatabaseReader, writer: Writer,
        file: DatabaseFile?, location: String
    ) {
        self.incarnation = incarnation
        self.number = number
        self.lease = lease
        self.reader = reader
        self.writer = writer
        self.file = file
        self.location = location
    }

    /// How long a renewal waits for strays to be queued again before it leaves that to the writer.
    private static let strayPatience = DispatchTimeInterval.milliseconds(250)

    private struct Held {
        let id: TaskID
        let fence: Fence
        let request: Int64
    }

    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal {
        if lease.isOver { return .gone }
        // A lease on a file that is not at its path gives no right to run what is in the file that is.
        try file?.check()
        try lease.advance(stuck: heartbeat.stuck)
        let number = number
        let found: (order: String??, lost: [TaskID], strays: [Held])
        do {
            found = try reader.readOneState { db in
                let order = try db.row("SELECT orders FROM worker WHERE number = ?", .int(number)) { $0.textOrNull(0) }
                guard order != nil else { return (order, [], []) }
                let held = try db.rows("SELECT id, fence, token, request FROM task WHERE state = 2 AND holder = ?", .int(number)) {
                    Held(id: $0.id(0), fence: Fence(number: $0.int(1), token: $0.bits(2)), request: $0.int(3))
                }
                var missing = heartbeat.holding
                var strays: [Held] = []
                for task in held {
                    if missing[task.id] == task.fence {
                        missing[task.id] = nil
                    } else if task.request <= heartbeat.settledThrough {
                        strays.append(task)
                    }
                }
                // What this very claim settled since the caller looked is not lost.
                let lost = try missing.filter { try !db.wasSettled($0.key, under: $0.value) }.map(\.key)
                return (order, lost, strays)
            }
        } catch {
            throw EngineError.from(error, at: location)
        }
        guard let order = found.order else { return .gone }
        if !heartbeat.progress.isEmpty { note(heartbeat) }
        if !found.strays.isEmpty { queueAgain(found.strays) }
        return .renewed(lost: found.lost.sorted(), strays: found.strays.count, order: order.flatMap(WorkerOrder.init(rawValue:)))
    }

    /// Leaves the progress of bodies to the writer: a renewal does not wait for it.
    private func note(_ heartbeat: Heartbeat) {
        var told: [TaskID: (fence: Fence, progress: TaskProgress)] = [:]
        for (id, progress) in heartbeat.progress {
            if let fence = heartbeat.holding[id] { told[id] = (fence, progress) }
        }
        let progress = told
        writer.submit(WriteJob(weight: progress.count, run: { try $0.note(progress) }, finish: { _ in }))
    }

    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        return try writer.performBlocking(weight: settlements.count) { try $0.settle(settlements) }
    }

    /// Claims whose reply was lost go back to their queues, counting nothing.
    private func queueAgain(_ strays: [Held]) {
        let done = DispatchSemaphore(value: 0)
        let number = number
        writer.submit(
            WriteJob(weight: strays.count) { store in
                for stray in strays {
                    guard let task = try store.runningTask(stray.id), task.isHeld(under: stray.fence), task.holder == number else {
                        continue
                    }
                    try store.handBack(task, outcome: "stray", settled: false)
                }
            } finish: { _ in
                done.signal()
            })
        _ = done.wait(timeout: .now() + Self.strayPatience)
    }
}

extension Database {
    /// Whether this claim's own settlement was carried out, wherever the task is since.
    func wasSettled(_ id: TaskID, under fence: Fence) throws -> Bool {
        try exists(
            """
            SELECT 1 FROM task WHERE id = ?1 AND fence = ?2 AND token = ?3 AND state <> 2 AND settled = 1
            UNION ALL SELECT 1 FROM finished WHERE id = ?1 AND fence = ?2 AND token = ?3 AND settled = 1
            UNION ALL SELECT 1 FROM dead WHERE id = ?1 AND fence = ?2 AND token = ?3 AND settled = 1
            """, .id(id), .int(fence.number), .int(Int64(bitPattern: fence.token)))
    }
}
