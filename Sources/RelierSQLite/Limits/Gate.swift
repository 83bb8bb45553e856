import Foundation
import GRDB
import Relier

/// One key of one limit, as the database counts it.
struct Gate: Hashable, Sendable {
    let kind: LimitRule.Kind
    /// The number of the limit's row, and below it 43 bits of the key's hash: two keys that meet would only share their slots.
    let number: Int64

    private static let hashBits: Int64 = 43
    /// Numbers of limits that fit beside the hash.
    static let maxRule: Int64 = 1 << 20 - 2

    init(kind: LimitRule.Kind, number: Int64) {
        self.kind = kind
        self.number = number
    }

    init(kind: LimitRule.Kind, rule: Int64, key: String) {
        // FNV-1a, which is the same in every process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        self.init(kind: kind, number: rule << Self.hashBits | Int64((hash ^ hash >> 32) & (1 << UInt64(Self.hashBits) - 1)))
    }

    var rule: Int64 { number >> Self.hashBits }

    /// The numbers of all gates of a limit.
    static func numbers(of rule: Int64) -> Range<Int64> { rule << hashBits..<(rule + 1) << hashBits }

    /// The gates of a task in the order in which it passes them, from the four columns that start there.
    static func read(_ row: SQL, from column: Int32) -> [Gate] {
        var gates: [Gate] = []
        for (index, kind) in LimitRule.Kind.allCases.enumerated() {
            if let number = row.intOrNull(column + Int32(index)) { gates.append(Gate(kind: kind, number: number)) }
        }
        return gates
    }

    static let columns = LimitRule.Kind.allCases.map(\.column).joined(separator: ", ")
}

extension LimitRule.Kind {
    /// Its column of `task`.
    var column: String {
        switch self {
        case .keyConcurrency: "key_slots"
        case .keyRate: "key_rate"
        case .taskRate: "task_rate"
        case .taskConcurrency: "task_slots"
        }
    }
}

/// A limit as it is in force, and what a gate of it has left.
struct GateStanding {
    let maximum: Int64
    let span: Int64
    let declaredByWorker: Bool
    /// Tasks that hold a slot: they run, or may start, or wait at a later gate. For a rate: those that have yet to start.
    let holders: Int64
    /// For a rate: the number of the last start; 0 before the first one.
    let lastStart: Int64

    var room: Int64 { maximum - holders }
}

/// When a rate lets the next task start.
enum RateSlot {
    case now
    case at(EngineTime)
    /// As many as are allowed are about to start; when the next may is known once they have.
    case taken
}

extension Database {
    /// How many hold the gate, and the limit it belongs to.
    func standing(of gate: Gate) throws -> GateStanding {
        let found = try row(gate.kind.standing, .int(gate.number), .int(gate.rule)) { row in
            GateStanding(
                maximum: row.int(0), span: row.int(1), declaredByWorker: row.int(2) != 0, holders: row.int(3), lastStart: row.int(4))
        }
        return found ?? GateStanding(maximum: .max, span: 0, declaredByWorker: false, holders: 0, lastStart: 0)
    }

    /// How many more may run: what a claim goes by, whatever else is ready.
    func slotsLeft(of gate: Gate) throws -> Int64 {
        try row(gate.kind.slotsLeft, .int(gate.number), .int(gate.rule), transform: { $0.int(0) }) ?? .max
    }

    /// When the next task may start that `holders` others precede.
    func slot(of gate: Gate, _ standing: GateStanding, after holders: Int64, now: EngineTime) throws -> RateSlot {
        if holders >= standing.maximum { return .taken }
        // With it, the starts since that one are as many as are allowed in a window: it must be over.
        let number = standing.lastStart + holders + 1 - standing.maximum
        guard number >= 1 else { return .now }
        let at = try row("SELECT at FROM start WHERE gate = ? AND number = ?", .int(gate.number), .int(number)) { $0.time(0) }
        guard let at else { return .now }
        let due = at + .microseconds(standing.span)
        return due <= now ? .now : .at(due)
    }

    /// Whether a task may start now, as far as these gates go.
    func mayStart(past gates: [Gate], now: EngineTime) throws -> Bool {
        try gates.allSatisfy { gate in
            guard gate.kind.isRate else { return try slotsLeft(of: gate) > 0 }
            if case .now = try slot(of: gate, try standing(of: gate), after: 0, now: now) { return true }
            return false
        }
    }
}

extension LimitRule.Kind {
    // Written once: these are looked up for every limited task.
    private static let standings = allCases.map(\.standingText)
    private static let slotCounts = allCases.map(\.slotsLeftText)
    private static let waiters = allCases.map { kind in
        """
        SELECT seq, queue, \(Gate.columns) FROM task
        WHERE \(kind.column) = ? AND state = 8 AND waits = \(kind.rawValue) ORDER BY seq LIMIT 1
        """
    }
    fileprivate var standing: String { Self.standings[rawValue - 1] }
    fileprivate var slotsLeft: String { Self.slotCounts[rawValue - 1] }
    /// The first that waits at a gate.
    var firstWaiter: String { Self.waiters[rawValue - 1] }

    /// The states that hold a slot are named one by one, so that each is one range of the index.
    private var standingText: String {
        func count(_ condition: String) -> String { "(SELECT count(*) FROM task WHERE \(column) = ?1 AND \(condition))" }
        let later = count("state = 8 AND waits > \(rawValue)")
        let holders =
            isRate
            ? "\(count("state = 0")) + \(later)"
            : "\(count("state = 2")) + \(count("state = 0")) + \(count("state = 5")) + \(later) + (SELECT count(*) FROM stuck WHERE gate = ?1)"
        let last = isRate ? "coalesce((SELECT max(number) FROM start WHERE gate = ?1), 0)" : "0"
        return "SELECT maximum, span, declared, \(holders), \(last) FROM limiter WHERE number = ?2"
    }

    private var slotsLeftText: String {
        """
        SELECT maximum - (SELECT count(*) FROM task WHERE \(column) = ?1 AND state = 2) - (SELECT count(*) FROM stuck WHERE gate = ?1)
        FROM limiter WHERE number = ?2
        """
    }
}
