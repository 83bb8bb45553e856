import Foundation
import GRDB
import Relier

// A limited task passes its gates in order and is queued when it holds a slot in each. While it waits at one (state 8) no claim sees it. Who holds a
// slot is read from the tasks' own states each time: there is no count that could go wrong.

/// Where a limited task stands when it is pushed.
struct Placement {
    let gates: [Gate]
    let state: Int64
    /// The kind of the gate at which it waits; 0 when at none.
    let waits: Int64

    static let insert = """
        INSERT INTO task
          (id, state, queue, due, wall, kind, enqueued, result_ttl, key, key_ttl, operation, traceparent, checksum, payload, signer,
           signature, flags, waits, \(Gate.columns))
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \(Flag.limited), ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """

    /// Its part of the parameters of ``insert``.
    func bind(to insert: SQL) {
        insert.bind(17, waits)
        for kind in LimitRule.Kind.allCases {
            insert.bind(17 + Int32(kind.rawValue), orNull: gates.first { $0.kind == kind }?.number)
        }
    }
}

extension Store {
    /// Decides about a pushed task. Behind those that wait already it waits, too.
    func placement(of limits: [LimitKey], from state: Int64, in queue: Int64) throws -> Placement {
        let gates = try limits.map(gate)
        if state != StateNumber.queued { return Placement(gates: gates, state: state, waits: 0) }
        for (gate, limit) in zip(gates, limits) {
            // Nothing opens a gate while tasks are pushed, so a flood of one key is counted once.
            if !full.contains(gate), try admits(gate, of: queue, rule: limit.rule) { continue }
            full.insert(gate)
            return Placement(gates: gates, state: StateNumber.limited, waits: Int64(gate.kind.rawValue))
        }
        return Placement(gates: gates, state: state, waits: 0)
    }

    /// Whether one more gets a slot now. Where a rate does not give it one, the time of the next is noted.
    private func admits(_ gate: Gate, of queue: Int64, rule: LimitRule? = nil) throws -> Bool {
        var standing = try db.standing(of: gate)
        if let rule { standing = try heed(rule, of: gate, standing) }
        guard gate.kind.isRate else { return standing.room > 0 }
        // Time may have made room since the alarm was set, and who waits comes first.
        if try firstWaiter(at: gate) != nil { return false }
        return try admits(gate, of: queue, standing)
    }

    private func admits(_ gate: Gate, of queue: Int64, _ standing: GateStanding) throws -> Bool {
        switch try db.slot(of: gate, standing, after: standing.holders, now: now) {
        case .now: return true
        case .at(let due): try setAlarm(gate, at: due, in: queue)
        // Whoever is about to start looks here again.
        case .taken: break
        }
        return false
    }

    /// A limited task comes back: it waits at its first gate until it is its turn, which may be now.
    func enter(_ seq: Int64, _ gates: [Gate]) throws {
        guard let first = gates.first else {
            // Marked as limited, and nothing says by what: it must not stand in the way of the others.
            try db.run("UPDATE task SET state = 0, wall = 0, flags = flags & ~\(Flag.limited) WHERE seq = ?", .int(seq))
            effects.wakeAll = true
            return
        }
        try db.run("UPDATE task SET state = 8, wall = 0, waits = ? WHERE seq = ?", .int(first.kind.rawValue), .int(seq))
        touched.formUnion(gates)
    }

    /// A limited task whose gates are not at hand comes back.
    func enter(_ seq: Int64) throws { try enter(seq, try gates(of: seq)) }

    private func gates(of seq: Int64) throws -> [Gate] {
        try db.row("SELECT \(Gate.columns) FROM task WHERE seq = ?", .int(seq)) { Gate.read($0, from: 0) } ?? []
    }

    /// Lets go on who waits at the gates that something was freed at. Called before each claim and each commit.
    func openGates() throws {
        while let gate = touched.popFirst() { try open(gate) }
    }

    private func open(_ gate: Gate) throws {
        guard var waiter = try firstWaiter(at: gate) else { return try clearAlarm(gate) }
        var standing = try db.standing(of: gate)
        while try gate.kind.isRate ? admits(gate, of: waiter.queue, standing) : standing.room > 0 {
            try advance(waiter, from: gate)
            guard let next = try firstWaiter(at: gate) else { return try clearAlarm(gate) }
            waiter = next
            standing = standing.withOneMore
        }
    }

    /// Whether somebody who comes from an earlier gate gets a slot. Those who wait at this one have their turn by the order of the pushes, too.
    private func letsPass(_ gate: Gate, of queue: Int64) throws -> Bool {
        guard try admits(gate, of: queue) else { return false }
        if gate.kind.isRate { return true }
        if try firstWaiter(at: gate) == nil { return true }
        touched.insert(gate)
        return false
    }

    private func clearAlarm(_ gate: Gate) throws {
        if gate.kind.isRate { try db.run("DELETE FROM alarm WHERE gate = ?", .int(gate.number)) }
    }

    /// Takes a slot at the gate, and goes on to the next gate that has none left, or into the queue.
    private func advance(_ waiter: Waiter, from gate: Gate) throws {
        for next in waiter.gates where next.kind > gate.kind {
            if try !letsPass(next, of: waiter.queue) {
                try db.run("UPDATE task SET waits = ? WHERE seq = ?", .int(next.kind.rawValue), .int(waiter.seq))
                return
            }
        }
        // What it waited for says nothing of how long others wait.
        try db.run("UPDATE task SET state = 0, waits = 0, due = coalesce(due, ?) WHERE seq = ?", .time(now), .int(waiter.seq))
        effects.ready[waiter.queue, default: 0] += 1
    }

    private struct Waiter {
        let seq: Int64
        let queue: Int64
        let gates: [Gate]
    }

    private func firstWaiter(at gate: Gate) throws -> Waiter? {
        try db.row(gate.kind.firstWaiter, .int(gate.number)) { Waiter(seq: $0.int(0), queue: $0.int(1), gates: Gate.read($0, from: 2)) }
    }

    /// The net below: gates at which tasks wait are looked at in turn, so that nothing that was overlooked waits for ever.
    func openForgotten(limit: Int) throws {
        for kind in LimitRule.Kind.allCases {
            let found = try db.waitingGates(of: kind, in: (forgottenFrom[kind] ?? 0)..<Int64.max, limit: limit)
            forgottenFrom[kind] = found.next
            touched.formUnion(found.gates)
        }
        try openGates()
    }
}

extension GateStanding {
    fileprivate var withOneMore: GateStanding {
        GateStanding(maximum: maximum, span: span, declaredByWorker: declaredByWorker, holders: holders + 1, lastStart: lastStart)
    }
}
