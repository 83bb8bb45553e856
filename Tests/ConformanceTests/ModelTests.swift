import Foundation
import Relier
import Testing

@testable import RelierTesting

@Suite("Random histories against the model")
struct ModelTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `TEST_HISTORIES` sets another number, for a long run by hand.
    static let histories = environment["TEST_HISTORIES"].flatMap(Int.init)
    /// `TEST_SEED` sets the seed of the first.
    static let seed = environment["TEST_SEED"].flatMap(UInt64.init) ?? 1

    /// As many play side by side; each plays its part of the histories, whose seeds follow one another.
    static let lanes = 4

    @Test("in memory", arguments: 0..<lanes)
    func memory(lane: Int) async throws {
        let all = Self.histories ?? 2000
        let first = all * lane / Self.lanes
        let start = ContinuousClock.now
        let report = try await EngineConformance { try SQLiteStage.inMemory() }
            .modelTest(histories: all * (lane + 1) / Self.lanes - first, seed: Self.seed &+ UInt64(first)) { report in
                // At once, in case that the engine takes the process down.
                if report.histories.isMultiple(of: 1000) {
                    Self.say("lane \(lane): seeds \(Self.seed &+ UInt64(first)) and on, \(report.histories) held")
                }
            }
        Self.say("lane \(lane): \(report), in \(ContinuousClock.now - start)")
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data("model test, \(text)\n".utf8)) }

    @Test("in a file, through two handles")
    func file() async throws {
        try await EngineConformance { try SQLiteStage.file(handles: 2) }.modelTest(histories: Self.histories ?? 200, seed: Self.seed)
    }

    @Test("a planted fault is found, and its history is short", arguments: PlantedFault.allCases)
    func plantedFault(fault: PlantedFault) async throws {
        let faulty = EngineConformance {
            var stage = try SQLiteStage.inMemory()
            stage.engine = fault.planted(in: stage.engine)
            return stage
        }
        let failure = try await faulty.modelFailure(histories: 300)
        let found = try #require(failure, "300 histories find the fault")
        // The last line is the end of the history, which every one has.
        #expect(found.shrunk.count <= 9, "\(found.text)")
        #expect(found.text.contains("seed \(found.history.seed)"))
    }
}

@Suite("The model test itself")
struct ModelTestTests {
    @Test("one seed draws one history, and another another")
    func seeds() {
        let history = ModelGenerator.history(seed: 7, steps: 60)
        #expect(history.steps.count == 60)
        #expect(history.steps == ModelGenerator.history(seed: 7, steps: 60).steps)
        #expect(history.steps != ModelGenerator.history(seed: 8, steps: 60).steps)
    }

    @Test("one seed plays the same history on every engine")
    func plays() async throws {
        var logs: [[String]] = []
        for _ in 0..<2 {
            let stages = ModelStages(EngineConformance { try SQLiteStage.inMemory() })
            let played = try await stages.play(ModelGenerator.history(seed: 3, steps: 60), isLogging: true)
            try await stages.close()
            #expect(played.mismatch == nil)
            logs.append(try #require(played.player.log))
        }
        #expect(logs[0] == logs[1])
        #expect(logs[0].count > 20)
    }

    /// The steps that make a history fail, among others.
    private static func steps(_ count: Int, culprits: Set<Int>) -> [ModelStep] {
        (0..<count).map { index in
            let action = culprits.contains(index) ? ModelStep.Action.tend : .renew(worker: 0, forgets: false)
            return ModelStep(action: action, handle: index, fault: nil, salt: 0)
        }
    }

    @Test("only the steps that matter are left", arguments: [[0], [59], [3, 31], [0, 1, 2, 30, 58, 59]])
    func shrinks(culprits: [Int]) async throws {
        let steps = Self.steps(60, culprits: Set(culprits))
        var shrinker = ModelShrinker(budget: 1000) { steps -> String? in
            steps.count { $0.action == .tend } == culprits.count ? "all culprits are there" : nil
        }
        let shrunk = try await shrinker.shrink(steps, "at first")
        #expect(shrunk.steps.map(\.handle) == culprits)
        #expect(shrunk.failure == "all culprits are there")
    }

    @Test("no more is replayed than allowed, and what is left fails")
    func budget() async throws {
        var shrinker = ModelShrinker(budget: 10) { $0.contains { $0.handle == 17 } ? "17" : nil }
        let shrunk = try await shrinker.shrink(Self.steps(60, culprits: []), "at first")
        #expect(shrinker.replays <= 10)
        #expect(shrunk.steps.contains { $0.handle == 17 })
        #expect(shrunk.steps.count < 60)
    }

    @Test("faults and companions that do not matter are dropped")
    func simplifies() async throws {
        var steps = Self.steps(3, culprits: [1])
        steps[1].fault = .replyLost
        var shrinker = ModelShrinker(budget: 100) { $0.contains { $0.action == .tend } ? "tend" : nil }
        let shrunk = try await shrinker.shrink(steps, "at first")
        #expect(shrunk.steps.count == 1)
        #expect(shrunk.steps.first?.fault == nil)
    }
}
