import Foundation
import GRDB
import Relier

/// What one claim knows of the gates it came by: each is counted once.
struct ClaimedSlots {
    fileprivate var left: [Gate: Int64] = [:]
}

extension Store {
    /// The claim's own look at a limited task: whatever made it ready, no claim exceeds a limit. One that may not start waits at its gate again.
    func mayStart(_ candidate: ClaimCandidate, _ slots: inout ClaimedSlots) throws -> Bool {
        if candidate.gates.isEmpty { return true }
        guard let closed = try candidate.gates.first(where: { try !isOpen($0, &slots) }) else {
            for gate in candidate.gates {
                if gate.kind.isRate { try noteStart(gate) } else { slots.left[gate, default: 1] -= 1 }
            }
            return true
        }
        if candidate.task.isSuspect { return false }
        try db.run("UPDATE task SET state = 8, waits = ? WHERE seq = ?", .int(closed.kind.rawValue), .int(candidate.seq))
        touched.formUnion(candidate.gates)
        return false
    }

    private func isOpen(_ gate: Gate, _ slots: inout ClaimedSlots) throws -> Bool {
        if gate.kind.isRate { return try db.mayStart(past: [gate], now: now) }
        if let left = slots.left[gate] { return left > 0 }
        let left = try db.slotsLeft(of: gate)
        slots.left[gate] = left
        return left > 0
    }

    /// A start while the limit is lifted counts for nothing, and has no number: it would be dropped before its time and leave a gap that reads as an old start.
    private func noteStart(_ gate: Gate) throws {
        try db.run(
            """
            INSERT INTO start (gate, number, at, until)
            SELECT ?1, coalesce((SELECT max(number) FROM start WHERE gate = ?1), 0) + 1, ?2, ?2 + span FROM limiter WHERE number = ?3 AND span > 0
            """, .int(gate.number), .time(now), .int(gate.rule))
        // Only the start says when the next one may be.
        touched.insert(gate)
    }

    // Alarms

    func setAlarm(_ gate: Gate, at time: EngineTime, in queue: Int64) throws {
        try db.run(
            "INSERT INTO alarm (gate, kind, at) VALUES (?1, ?2, ?3) ON CONFLICT (gate) DO UPDATE SET at = ?3 WHERE at <> ?3",
            .int(gate.number), .int(gate.kind.rawValue), .time(time))
        announceDue(after: time - now, in: queue)
        try clock.persist(in: db)
    }

    /// Looks at the rates whose time has come; answers how many those were.
    func ringAlarms(limit: Int) throws -> Int {
        let due = try db.rows("SELECT gate, kind FROM alarm WHERE at <= ? ORDER BY at LIMIT ?", .time(now), .int(limit)) {
            ($0.int(0), Int($0.int(1)))
        }
        for (number, kind) in due {
            try db.run("DELETE FROM alarm WHERE gate = ?", .int(number))
            if let kind = LimitRule.Kind(rawValue: kind) { touched.insert(Gate(kind: kind, number: number)) }
        }
        try openGates()
        return due.count
    }

    /// Drops starts that count no more.
    func forgetStarts(limit: Int) throws -> Int {
        try db.run(
            """
            DELETE FROM start WHERE (gate, number) IN (SELECT gate, number FROM start WHERE until <= ? ORDER BY until LIMIT ?)
            """, .time(now + (.zero - Chores.startAge)), .int(limit))
    }

    // Bodies that outlive their attempts

    /// The slots of an attempt that ends while its body runs on stay taken.
    func keepSlots(of task: RunningTask) throws {
        guard let holder = task.holder else { return }
        for gate in task.gates where !gate.kind.isRate {
            try db.run(
                "INSERT INTO stuck (gate, kind, task, fence, token, holder) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                .int(gate.number), .int(gate.kind.rawValue), .id(task.id), .int(task.fence.number),
                .int(Int64(bitPattern: task.fence.token)), .int(holder))
        }
    }

    /// The body of that claim has returned.
    func freeSlots(of id: TaskID, under fence: Fence) throws {
        try freeSlots("task = ? AND fence = ? AND token = ?", .id(id), .int(fence.number), .int(Int64(bitPattern: fence.token)))
    }

    /// The incarnation is gone, and its bodies with it.
    func freeSlots(heldBy holder: Int64) throws { try freeSlots("holder = ?", .int(holder)) }

    private func freeSlots(_ condition: String, _ values: SQLValue...) throws {
        let freed = try db.rows("SELECT gate, kind FROM stuck WHERE \(condition)", values: values) { ($0.int(0), Int($0.int(1))) }
        guard !freed.isEmpty else { return }
        let statement = try db.sql("DELETE FROM stuck WHERE \(condition)")
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        try statement.run()
        for (number, kind) in freed {
            if let kind = LimitRule.Kind(rawValue: kind) { touched.insert(Gate(kind: kind, number: number)) }
        }
    }
}

extension Database {
    /// How long until the next rate is to be looked at; zero or less when one is overdue, `nil` when tasks wait at none.
    func pauseUntilAlarm(now: EngineTime) throws -> Duration? {
        guard let at = try row("SELECT min(at) FROM alarm", transform: { $0.intOrNull(0) }) ?? nil else { return nil }
        return EngineTime(microseconds: at) - now
    }
}
