import Relier

/// How far a model test is, and what it did.
public struct ModelTestReport: Sendable, CustomStringConvertible {
    /// Histories that held.
    public internal(set) var histories = 0
    /// Their steps, those that found nothing to act upon included.
    public internal(set) var steps = 0
    /// How often each kind of step did something.
    public internal(set) var mix: [String: Int] = [:]

    public var description: String {
        let mix = mix.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        return "\(histories) histories of \(steps) steps: \(mix.joined(separator: ", "))"
    }
}

/// A history in which the engine did what the model does not allow.
struct ModelTestFailure {
    let history: ModelHistory
    /// How many steps were played, the failing one included.
    let played: Int
    let what: String
    /// The shrunk history, one step a line, and what it fails with.
    let shrunk: [String]
    let shrunkWhat: String
    let replays: Int

    var text: String {
        var lines = ["the history of seed \(history.seed) fails at step \(played) of \(history.steps.count): \(what)"]
        lines.append("  shrunk to \(shrunk.count) steps in \(replays) replays:")
        for (index, line) in shrunk.enumerated() { lines.append("  \(index + 1). \(line.prefix(500))") }
        lines.append("  and then: \(shrunkWhat)")
        lines.append("  play it again with modelTest(histories: 1, seed: \(history.seed), steps: \(history.steps.count))")
        return lines.joined(separator: "\n")
    }
}

extension EngineConformance {
    static let modelChecks: [Check] = [
        Check("randomHistoriesAgreeWithTheModel") { try await $0.randomHistoriesAgreeWithTheModel() },
        Check("historiesThatFailedBeforeAgreeWithTheModel") { try await $0.historiesThatFailedBeforeAgreeWithTheModel() },
    ]

    /// Histories that found faults in engines, some after many thousands had held: a recovered task that was parked and hidden from its pool, a start that
    /// was forgotten while its rate was lifted, a queue that got less than its share since what it had parked, or what was due there, was limited, a late write
    /// that was answered by a record past its end.
    public func historiesThatFailedBeforeAgreeWithTheModel() async throws {
        for seed: UInt64 in [101_028, 150_965, 61, 62, 355_652] { try await modelTest(histories: 1, seed: seed) }
    }

    /// Twenty random histories agree with the model; see ``modelTest(histories:seed:steps:progress:)``.
    public func randomHistoriesAgreeWithTheModel() async throws { try await modelTest(histories: 20) }

    /// Plays random histories against the engine and against a small pure model, and compares all answers and the states of all tasks after every step.
    ///
    /// Several workers on two handles push, claim, settle, crash, lose their leases and write late; requests and replies are lost and calls sent again; keys are held and
    /// waited for; tasks are limited, parked, suspected, cancelled and released; time passes, and the wall clock jumps. In the end everything that is left is run,
    /// and must come to an end. No accepted task is lost, none commits twice, no key is carried out twice within its time to live, no limit is exceeded.
    ///
    /// Many histories share an engine, under names of their own; what fails is tried again on a fresh one.
    /// - Parameters:
    ///   - histories: how many.
    ///   - seed: of the first; the others follow one by one. The same seed plays the same history.
    ///   - steps: of each history; 1 or more.
    ///   - progress: called after each history.
    /// - Throws: ``ConformanceFailure`` with the seed of the first history that fails, and the shortest history found that fails, one step a line.
    @discardableResult
    public func modelTest(
        histories: Int, seed: UInt64 = 1, steps: Int = 60, progress: (@Sendable (ModelTestReport) -> Void)? = nil
    ) async throws -> ModelTestReport {
        var report = ModelTestReport()
        let failure = try await modelFailure(histories: histories, seed: seed, steps: steps) { held in
            report = held
            progress?(held)
        }
        if let failure { throw ConformanceFailure(check: "modelTest", expectation: failure.text) }
        return report
    }

    /// The first history that fails, shrunk; `nil` when all hold.
    func modelFailure(
        histories: Int, seed: UInt64 = 1, steps: Int = 60, progress: (ModelTestReport) -> Void = { _ in }
    ) async throws -> ModelTestFailure? {
        var report = ModelTestReport()
        let stages = ModelStages(self)
        do {
            for offset in 0..<UInt64(max(0, histories)) {
                let history = ModelGenerator.history(seed: seed &+ offset, steps: max(1, steps))
                if let failure = try await modelFailure(of: history, on: stages, into: &report) {
                    try await stages.close()
                    return failure
                }
                progress(report)
            }
        } catch {
            try? await stages.close()
            throw error
        }
        try await stages.close()
        return nil
    }

    /// Plays one history and, where it fails, shrinks it.
    private func modelFailure(
        of history: ModelHistory, on stages: ModelStages, into report: inout ModelTestReport
    ) async throws -> ModelTestFailure? {
        let first = try await stages.play(history)
        guard let mismatch = first.mismatch else {
            report.histories += 1
            report.steps += history.steps.count
            report.mix.merge(first.player.counts, uniquingKeysWith: +)
            return nil
        }
        var shrunk = history
        shrunk.steps = Array(history.steps.prefix(first.steps))
        var shrinker = ModelShrinker(budget: 400) { steps in
            var shorter = history
            shorter.steps = steps
            return try await stages.play(shorter, isAlone: true).mismatch
        }
        shrunk.steps = try await shrinker.shrink(shrunk.steps, mismatch).steps
        let last = try await stages.play(shrunk, isAlone: true, isLogging: true)
        return ModelTestFailure(
            history: history, played: first.steps, what: mismatch.what, shrunk: last.player.log ?? [],
            shrunkWhat: last.mismatch?.what ?? "nothing: on a fresh engine it holds", replays: shrinker.replays)
    }
}
