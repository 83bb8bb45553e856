import Relier
import RelierTesting
import TestSupport
import Testing

/// A body's calls meet an engine that fails for a while.
@Suite struct EngineFailureTests {
    typealias Fault = LossyEngine.Fault

    static let faults: [Fault] = [.unavailable, .requestLost, .replyLost]
    static let calls: [LossyEngine.Call] = [.saveCheckpoint, .push, .acquireKey, .settleKey, .status]

    @Test(arguments: faults, calls) func aCallWaitsUntilTheEngineIsBack(fault: Fault, call: LossyEngine.Call) async throws {
        try await Workbench.run([Asker.self, Count.self]) { bench in
            let label = "asker-\(call)-\(fault)"
            let receipt = try await bench.relier.push(Asker(label: label))
            try await until("the body runs") { Tally.count(label) == 1 }
            bench.engine.inject(fault, into: call, times: 4)
            Gates.open(label)
            #expect(try await receipt.value(timeout: .seconds(30)) == label)
            #expect(bench.engine.isSpent)
            #expect(try await bench.history(of: receipt.id) == ["committed"])
            #expect(Tally.count(label) == 1, "the body ran once")
            try await until("its child ran once") { Tally.count(label + " child") == 1 }
            #expect(try await bench.engine.deadLetterReasons().isEmpty)
        }
    }

    @Test func aFailureThatLastsHandsTheAttemptBackUncounted() async throws {
        try await Workbench.run([Asker.self, Count.self], enginePatience: .milliseconds(100)) { bench in
            let receipt = try await bench.relier.push(Asker(label: "patience"))
            try await until("the body runs") { Tally.count("patience") == 1 }
            bench.engine.inject(.unavailable, into: .saveCheckpoint, times: 12)
            let start = ContinuousClock.now
            Gates.open("patience")
            #expect(try await receipt.value(timeout: .seconds(60)) == "patience")
            let details = try await bench.details(of: receipt.id)
            let outcomes = details.history.map(\.outcome)
            #expect(outcomes.count > 1 && outcomes.last == "committed" && outcomes.dropLast().allSatisfy { $0 == "handed-back" })
            #expect(details.summary.attempt == 1 && details.summary.resurrections == 0)
            #expect(start.duration(to: .now) > .milliseconds(900) * (outcomes.count - 1), "it does not go round in circles")
            #expect(try await bench.engine.deadLetterReasons().isEmpty)
        }
    }

    @Test func aHardTimeoutEndsTheWait() async throws {
        try await Workbench.run([Hasty.self]) { bench in
            bench.engine.inject(.unavailable, into: .saveCheckpoint, times: 1000)
            let receipt = try await bench.relier.push(Hasty())
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "TimeoutError")
            #expect(!bench.engine.isSpent)
        }
    }

    @Test func aDrainHandsOverABodyThatWaits() async throws {
        let bench = try Workbench([Asker.self], grace: .milliseconds(300))
        let receipt = try await bench.relier.push(Asker(label: "drained-wait"))
        try await until("the body runs") { Tally.count("drained-wait") == 1 }
        bench.engine.inject(.unavailable, into: .saveCheckpoint, times: 1000)
        Gates.open("drained-wait")
        try await bench.end()
        #expect(try await bench.history(of: receipt.id) == ["handed-back"])
    }

    @Test func anErrorOfTheBodysOwnIsStillItsFailure() async throws {
        try await Workbench.run([Elsewhere.self]) { bench in
            let receipt = try await bench.relier.push(Elsewhere())
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "EngineError", "an engine that is not the worker's is a service like any other")
        }
    }
}

/// Waits for its gate, then asks the engine for everything that a body can ask for.
struct Asker: RelierTask {
    static let name = "asker"
    var label: String

    func run(_ context: TaskContext) async throws -> String {
        Tally.add(label)
        while !Gates.isOpen(label) { try await Task.sleep(for: .milliseconds(2)) }
        try await context.setPartial(1)
        let child = try await context.push(Count(label: label + " child"))
        try await context.setPartial(2)
        _ = try await child.status()
        return try await withIdempotencyLock(key: label, ttl: .hours(1)) { label }
    }
}

/// Saves progress, and has little time.
struct Hasty: RelierTask {
    static let name = "hasty"
    static var options: TaskOptions { TaskOptions(hardTimeout: .milliseconds(400)) }
    func run(_ context: TaskContext) async throws -> NoOutput {
        try await context.setPartial(1)
        return NoOutput()
    }
}

/// Pushes to an engine of its own, which is away.
struct Elsewhere: RelierTask {
    static let name = "elsewhere"
    func run(_ context: TaskContext) async throws -> NoOutput {
        throw EngineError(.unavailable, "another system is away")
    }
}
