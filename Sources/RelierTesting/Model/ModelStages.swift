import Relier

/// The names of one history. Its seed makes them, so that many can be played on one engine without meeting, and each lies in the same partitions
/// whenever it is played.
struct ModelNames {
    let seed: UInt64
    /// Whether no history was played on the engine before.
    let isFirst: Bool

    var work: String { own("work") }
    var other: String { own("other") }
    /// The last is one that nobody pushes into or serves. The others are left empty by each history, so all may share them.
    let queues: [Queue] = ["first", "second", "nobody's"]
    /// Queues that an earlier history has left.
    var knownQueues: Set<Queue> { isFirst ? [] : Set(queues.dropLast()) }
    func key(_ number: Int) -> String { own("key \(number)") }
    func hand(_ number: Int) -> String { own("hand \(number)") }

    private func own(_ name: String) -> String { "\(name) of \(seed)" }
}

/// An engine under test on which a history is played.
struct ModelStage {
    let subject: EngineUnderTest
    /// Another handle, where the engine under test has one.
    let other: any Engine
    let names: ModelNames
}

/// Engines under test, one at a time, each used for many histories: opening one costs more than playing on it. None is used after a history failed on it.
final class ModelStages {
    private static let historiesPerEngine = 50

    private let conformance: EngineConformance
    private var open: (subject: EngineUnderTest, other: (any Engine)?)?
    private var played = 0

    init(_ conformance: EngineConformance) { self.conformance = conformance }

    /// - Parameter isAlone: on a fresh engine, which takes time. Needed for a seed that was played on this one.
    func play(
        _ history: ModelHistory, isAlone: Bool = false, isLogging: Bool = false
    ) async throws -> (player: ModelPlayer, steps: Int, mismatch: ModelMismatch?) {
        if isAlone { try await close() }
        let player = try await ModelPlayer(history, on: try await stage(of: history.seed), isLogging: isLogging)
        let result = await player.play()
        if result.mismatch != nil { try await close() }
        return (player, result.steps, result.mismatch)
    }

    private func stage(of seed: UInt64) async throws -> ModelStage {
        if played >= Self.historiesPerEngine { try await close() }
        let (subject, other): (EngineUnderTest, (any Engine)?)
        if let open {
            (subject, other) = open
        } else {
            subject = try await conformance.makeEngine()
            open = (subject, nil)
            other = try await subject.openAnother?()
            open = (subject, other)
        }
        defer { played += 1 }
        return ModelStage(subject: subject, other: other ?? subject.engine, names: ModelNames(seed: seed, isFirst: played == 0))
    }

    /// Closes and disposes of the engine in use; the next history has a fresh one.
    func close() async throws {
        guard let (subject, other) = open else { return }
        open = nil
        played = 0
        try await other?.close()
        try await subject.dispose()
    }
}
