import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

/// What holds although some path forgot about limits.
@Suite struct LimitTests {
    private let rule = LimitRule(task: "t", kind: .keyConcurrency, arguments: ["k"], maximum: 2)

    private func limited(_ key: String) -> NewTask {
        var new = task(payload: #"{"k":"\#(key)"}"#)
        new.limits = [LimitKey(rule, key: key)]
        return new
    }

    private func hand(_ engine: SQLiteEngine) async throws -> Hand {
        try await Hand(engine, kinds: [TaskKind(name: "t", version: 1, limits: [rule])])
    }

    @Test func theClaimCountsWhateverMadeATaskReady() async throws {
        let engine = try SQLiteEngine.inMemory()
        let hand = try await hand(engine)
        _ = try await engine.push((0..<30).map { _ in limited("x") })
        try await engine.writer.perform { _ = try $0.db.run("UPDATE task SET state = 0, waits = 0") }
        var ended = 0
        while case let claimed = try await hand.claim(100), !claimed.isEmpty {
            #expect(claimed.count <= 2)
            for task in claimed { #expect(try await hand.settle(task, .commit(result: Data("1".utf8))) == .done) }
            ended += claimed.count
        }
        #expect(ended == 30)
        try await engine.close()
    }

    @Test func theHousekeepingFindsWhomNobodyWoke() async throws {
        let engine = try SQLiteEngine.inMemory()
        let hand = try await hand(engine)
        _ = try await engine.push((0..<3).flatMap { _ in ["a", "b", "c"].map(limited) })
        #expect(try await hand.claim(100).count == 6)
        // As a path would that ends tasks without a word to their limits.
        try await engine.writer.perform { _ = try $0.db.run("DELETE FROM task WHERE state = 2") }
        #expect(try await hand.claim(100).isEmpty)
        _ = try await engine.tend(batch: 100, unregisteredAfter: nil)
        #expect(try await hand.claim(100).count == 3)
        try await engine.close()
    }

    @Test func aTaskThatIsMarkedAndHasNoLimitRuns() async throws {
        let engine = try SQLiteEngine.inMemory()
        let hand = try await hand(engine)
        _ = try await engine.push([limited("x")])
        let first = try #require(try await hand.claim().first)
        try await engine.writer.perform { _ = try $0.db.run("UPDATE task SET state = 1, due = 0, key_slots = NULL") }
        _ = try await engine.tend(batch: 100, unregisteredAfter: nil)
        #expect(try await hand.claim().map(\.envelope.id) == [first.envelope.id])
        try await engine.close()
    }

    @Test func keysAreCountedApart() {
        let gates = ["", "a", "b", "c-7"].flatMap { key in
            LimitRule.Kind.allCases.map { Gate(kind: $0, rule: Int64($0.rawValue), key: key) } + [Gate(kind: .keyRate, rule: 77, key: key)]
        }
        #expect(Set(gates.map(\.number)).count == gates.count)
        for rule in [1, 77, Gate.maxRule] {
            let gate = Gate(kind: .taskRate, rule: rule, key: "x")
            #expect(gate.rule == rule)
            #expect(Gate.numbers(of: rule).contains(gate.number))
        }
    }

    /// Counting must not read the tasks of other keys, nor those of this key that wait.
    @Test func countingGoesThroughTheIndex() async throws {
        let engine = try SQLiteEngine.inMemory()
        let plans = try await engine.read { db in
            try LimitRule.Kind.allCases.flatMap { kind in
                try db.rows("EXPLAIN QUERY PLAN \(kind.firstWaiter)", .int(1)) { $0.text(3) }
            }
        }
        #expect(plans.count == 4)
        for plan in plans { #expect(plan.contains("(") && plan.hasPrefix("SEARCH task USING INDEX task_"), "\(plan)") }
        try await engine.close()
    }
}
