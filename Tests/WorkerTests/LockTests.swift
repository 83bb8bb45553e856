import Foundation
import Relier
import RelierTesting
import TestSupport
import Testing

/// Takes one key and, inside, another. Counts how often it got each, and how often it was inside of both.
private struct TakesTwo: RelierTask {
    static let name = "takesTwo"
    var label: String
    var outer: String
    var inner: String

    func run(_ context: TaskContext) async throws -> String {
        try await withIdempotencyLock(key: "\(label) \(outer)", ttl: .hours(1)) { (_: IdempotencyLock) in
            Tally.add("\(label) in \(outer)")
            // The first time both are inside their outer lock before either asks for its inner one.
            while Tally.count("\(label) in \(outer)") == 1 && Tally.count("\(label) in \(inner)") == 0 {
                try await Task.sleep(for: .milliseconds(2))
            }
            return try await withIdempotencyLock(key: "\(label) \(inner)", ttl: .hours(1)) { (_: IdempotencyLock) in
                Tally.add("\(label) both")
                return outer
            }
        }
    }
}

/// Takes a key and stays inside until its gate is open.
private struct HoldsKey: RelierTask {
    static let name = "holdsKey"
    var label: String

    func run(_ context: TaskContext) async throws -> String {
        try await withIdempotencyLock(key: label, ttl: .hours(1)) {
            Tally.add("\(label) inside")
            while !Gates.isOpen(label) { try await Task.sleep(for: .milliseconds(2)) }
            return label
        }
    }
}

/// Asks for a key that another holds.
private struct WaitsForKey: RelierTask {
    static let name = "waitsForKey"
    var label: String
    var number: Int

    func run(_ context: TaskContext) async throws -> String {
        try await withIdempotencyLock(key: label, ttl: .hours(1)) {
            Tally.add("\(label) ran itself")
            return "its own"
        }
    }
}

@Suite struct LockTests {
    @Test func twoTasksThatWaitForEachOthersKeyBothEnd() async throws {
        try await Workbench.run([TakesTwo.self]) { bench in
            for round in 0..<20 {
                let label = "deadlock \(round)"
                let receipts = try await bench.relier.push(contentsOf: [
                    TakesTwo(label: label, outer: "a", inner: "b"), TakesTwo(label: label, outer: "b", inner: "a"),
                ])
                for receipt in receipts { _ = try await receipt.value(timeout: .seconds(30)) }
                for receipt in receipts {
                    let details = try await bench.details(of: receipt.id)
                    #expect(details.history.last?.outcome == "committed")
                    #expect(details.history.dropLast().allSatisfy { $0.outcome == "snoozed" }, "\(details.history.map(\.outcome))")
                    #expect(details.summary.attempt == 1 && details.summary.resurrections == 0, "waiting counts as nothing")
                }
            }
        }
    }

    @Test func waitersHoldNoSlots() async throws {
        try await Workbench.run([HoldsKey.self, WaitsForKey.self, Count.self]) { bench in
            let label = "many waiters"
            let holder = try await bench.relier.push(HoldsKey(label: label))
            try await until("the key is held") { Tally.count("\(label) inside") == 1 }
            // Five times as many as there are slots.
            let waiters = try await bench.relier.push(contentsOf: (0..<20).map { WaitsForKey(label: label, number: $0) })
            try await until("all wait") {
                try await bench.engine.status(of: waiters.map(\.id)).values.allSatisfy { $0.state == .waiting }
            }
            for number in 0..<20 { _ = try await bench.relier.push(Count(label: "passes \(number)")).value(timeout: .seconds(30)) }
            #expect(try await holder.status() == .running)
            Gates.open(label)
            _ = try await holder.value(timeout: .seconds(30))
            for waiter in waiters {
                #expect(try await waiter.value(timeout: .seconds(30)) == label, "the stored value, not one of its own")
                #expect(try await bench.history(of: waiter.id) == ["snoozed", "committed"])
            }
            #expect(Tally.count("\(label) ran itself") == 0)
        }
    }
}
