import Foundation

extension DemoVerdict {
    /// One line of JSON.
    func json(seed: UInt64, seconds: Double) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(Report(self, seed: seed, seconds: seconds)), as: UTF8.self)
    }

    /// The table for people.
    func table(seed: UInt64, seconds: Double) -> String {
        func time(_ milliseconds: Double?) -> String { milliseconds.map { "\($0) ms" } ?? "none" }
        func counts(_ counts: [String: Int]) -> String {
            counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        let calls = keysByCalls.sorted { $0.key < $1.key }.map { "\($0.value) keys \($0.key)×" }.joined(separator: ", ")
        let lines = [
            ("pushed", "\(pushed)"),
            ("distinct", "\(distinct)"),
            ("committed", "\(committed)"),
            ("lost", "\(lost)"),
            ("committed twice", "\(committedTwice)"),
            ("calls at the payment service", calls),
            ("charged twice", "\(chargedTwice)"),
            ("repeated calls unexplained", "\(unexplainedRepeatCalls)"),
            ("airports stored", "\(airports), \(airportRowsRepeated) rows again after the kill"),
            ("workers killed", "\(kills)"),
            ("workers trapped", "\(traps)"),
            ("tasks recovered by", counts(recoveredBy)),
            ("their workers ended by", counts(lostWorkers)),
            ("recovery after a kill", "p50 \(time(recoveryMedian)), max \(time(recoveryTimes.last))"),
            ("recovery after the trap", "\(time(trapRecoveryTime)), its crash report included"),
            ("run", "seed \(seed), \(seconds) s"),
        ]
        return lines.map { $0.0.padding(toLength: 30, withPad: " ", startingAt: 0) + $0.1 }.joined(separator: "\n")
    }
}

/// The report's JSON: names that scripts rely on.
private struct Report: Encodable {
    let verdict: DemoVerdict
    let seed: UInt64
    let seconds: Double

    init(_ verdict: DemoVerdict, seed: UInt64, seconds: Double) {
        self.verdict = verdict
        self.seed = seed
        self.seconds = seconds
    }

    enum CodingKeys: String, CodingKey {
        case pushed, distinct, committed, lost, kills, traps, airports, seed, seconds, objections
        case committedTwice = "committed_twice"
        case chargedTwice = "charged_twice"
        case unexplainedRepeatCalls = "unexplained_repeat_calls"
        case keysByCalls = "keys_by_calls"
        case airportRowsRepeated = "airport_rows_repeated"
        case recoveredBy = "recovered_by"
        case workersEndedBy = "workers_ended_by"
        case recoveryMedian = "recovery_ms_p50"
        case recoveryMaximum = "recovery_ms_max"
        case trapRecovery = "trap_recovery_ms"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(verdict.pushed, forKey: .pushed)
        try container.encode(verdict.distinct, forKey: .distinct)
        try container.encode(verdict.committed, forKey: .committed)
        try container.encode(verdict.lost, forKey: .lost)
        try container.encode(verdict.committedTwice, forKey: .committedTwice)
        try container.encode(verdict.chargedTwice, forKey: .chargedTwice)
        try container.encode(verdict.unexplainedRepeatCalls, forKey: .unexplainedRepeatCalls)
        try container.encode(verdict.kills, forKey: .kills)
        try container.encode(verdict.traps, forKey: .traps)
        try container.encode(verdict.airports, forKey: .airports)
        try container.encode(verdict.airportRowsRepeated, forKey: .airportRowsRepeated)
        try container.encode(verdict.recoveredBy, forKey: .recoveredBy)
        try container.encode(verdict.lostWorkers, forKey: .workersEndedBy)
        try container.encode(
            Dictionary(verdict.keysByCalls.map { ("\($0.key)", $0.value) }) { first, _ in first }, forKey: .keysByCalls)
        try container.encode(verdict.recoveryMedian, forKey: .recoveryMedian)
        try container.encode(verdict.recoveryTimes.last, forKey: .recoveryMaximum)
        try container.encode(verdict.trapRecoveryTime, forKey: .trapRecovery)
        try container.encode(verdict.objections, forKey: .objections)
        try container.encode(seed, forKey: .seed)
        try container.encode(seconds, forKey: .seconds)
    }
}
