import Foundation
import GRDB
import Relier

/// Names a row of `limiter`, which never changes its number.
struct LimiterName: Hashable {
    let task: String
    let kind: LimitRule.Kind
}

extension Store {
    /// The gate of a pushed task's limit. A limit that nobody knows yet is in force as the push says.
    func gate(of limit: LimitKey) throws -> Gate {
        Gate(kind: limit.rule.kind, rule: try number(of: limit.rule), key: limit.key)
    }

    private func number(of rule: LimitRule) throws -> Int64 {
        let name = LimiterName(task: rule.task, kind: rule.kind)
        if let number = limiterNumbers[name] { return number }
        let number = try db.row("SELECT number FROM limiter WHERE task = ? AND kind = ?", .text(rule.task), .int(rule.kind.rawValue)) {
            $0.int(0)
        }
        limiterNumbers[name] = try number ?? addLimiter(rule, declared: false)
        return try limiterNumbers[name] ?? addLimiter(rule, declared: false)
    }

    private func addLimiter(_ rule: LimitRule, declared: Bool) throws -> Int64 {
        try db.run(
            "INSERT INTO limiter (task, kind, arguments, maximum, span, declared) VALUES (?, ?, ?, ?, ?, ?)", .text(rule.task),
            .int(rule.kind.rawValue), .text(try arguments(of: rule)), .int(rule.maximum), .int(rule.span), .int(declared ? 1 : 0))
        let number = db.lastInsertedRowID
        guard number <= Gate.maxRule else {
            throw EngineError(.full, "\(number) limits of tasks were declared since this database was made; more cannot be counted")
        }
        return number
    }

    private func arguments(of rule: LimitRule) throws -> String { String(decoding: try encoder.encode(rule.arguments), as: UTF8.self) }

    /// The latest push decides until a worker has declared the limit.
    func heed(_ rule: LimitRule, of gate: Gate, _ standing: GateStanding) throws -> GateStanding {
        if standing.declaredByWorker || (standing.maximum == Int64(rule.maximum) && standing.span == rule.span) { return standing }
        try change(gate.rule, to: rule, declared: false)
        // Those who wait go first.
        try openGates()
        return try db.standing(of: gate)
    }

    /// A worker's limits are in force from its joining on; those that it does not have any more limit nothing.
    func declareLimits(of kinds: [TaskKind]) throws {
        guard try db.exists("SELECT 1 FROM limiter LIMIT 1") || kinds.contains(where: { !$0.limits.isEmpty }) else { return }
        for kind in kinds {
            let known = try db.rows("SELECT number, kind, arguments, maximum, span, declared FROM limiter WHERE task = ?", .text(kind.name))
            {
                Limiter(number: $0.int(0), kind: $0.int(1), arguments: $0.text(2), maximum: $0.int(3), span: $0.int(4), declared: $0.int(5))
            }
            for rule in kind.limits where !known.contains(where: { $0.kind == rule.kind.rawValue }) {
                _ = try addLimiter(rule, declared: true)
            }
            for limiter in known {
                let declared = kind.limits.first { $0.kind.rawValue == limiter.kind }
                let rule = declared ?? LimitRule(task: kind.name, kind: .keyConcurrency, maximum: .max)
                let wanted = Limiter(
                    number: limiter.number, kind: limiter.kind, arguments: declared == nil ? limiter.arguments : try arguments(of: rule),
                    maximum: Int64(rule.maximum), span: rule.span, declared: 1)
                if wanted != limiter { try change(limiter.number, to: rule, declared: true) }
            }
        }
    }

    private struct Limiter: Equatable {
        let number: Int64
        let kind: Int64
        let arguments: String
        let maximum: Int64
        let span: Int64
        let declared: Int64
    }

    private func change(_ number: Int64, to rule: LimitRule, declared: Bool) throws {
        try db.run(
            "UPDATE limiter SET arguments = CASE ?1 WHEN '[]' THEN arguments ELSE ?1 END, maximum = ?2, span = ?3, declared = ?4 WHERE number = ?5",
            .text(try arguments(of: rule)), .int(rule.maximum), .int(rule.span), .int(declared ? 1 : 0), .int(number))
        guard let kind = try db.row("SELECT kind FROM limiter WHERE number = ?", .int(number), transform: { $0.int(0) }),
            let kind = LimitRule.Kind(rawValue: Int(kind))
        else { return }
        // More may start by now. Those beyond the bound are found by the housekeeping.
        touched.formUnion(try db.waitingGates(of: kind, in: Gate.numbers(of: number), limit: Self.reopened).gates)
    }

    /// How many keys one change of a limit looks at in its own transaction.
    private static let reopened = 5000
}

extension LimitRule {
    /// Its window in microseconds; 0 without one.
    fileprivate var span: Int64 { window?.microseconds ?? 0 }
}

extension Database {
    /// Gates of a kind at which tasks wait, in the order of their numbers: one step of the index for each gate that any live task has, at most `limit`.
    /// `next` is where to go on; `nil` at the end.
    func waitingGates(of kind: LimitRule.Kind, in numbers: Range<Int64>, limit: Int) throws -> (gates: [Gate], next: Int64?) {
        var gates: [Gate] = []
        var start = numbers.lowerBound
        for _ in 0..<limit {
            let next = try row(
                "SELECT \(kind.column) FROM task WHERE \(kind.column) >= ? AND \(kind.column) < ? ORDER BY \(kind.column) LIMIT 1",
                .int(start), .int(numbers.upperBound), transform: { $0.int(0) })
            guard let next else { return (gates, nil) }
            start = next + 1
            let waits = try exists(
                "SELECT 1 FROM task WHERE \(kind.column) = ? AND state = 8 AND waits = \(kind.rawValue) LIMIT 1", .int(next))
            if waits { gates.append(Gate(kind: kind, number: next)) }
        }
        return (gates, start)
    }
}
