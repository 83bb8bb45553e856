import Foundation
import RelierTesting
import Testing

@Suite("Random histories on Redis")
struct RedisModelTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `TEST_HISTORIES` sets another number, for a long run by hand.
    static let histories = environment["TEST_HISTORIES"].flatMap(Int.init) ?? 2000
    /// `TEST_SEED` sets the seed of the first.
    static let seed = environment["TEST_SEED"].flatMap(UInt64.init) ?? 1

    /// As many play side by side; each plays its part of the histories, whose seeds follow one another.
    static let lanes = 2

    @Test("agree with the model", .timeLimit(.minutes(60)), arguments: RedisPlace.allCases, 0..<lanes)
    func histories(place: RedisPlace, lane: Int) async throws {
        let first = Self.histories * lane / Self.lanes
        let start = ContinuousClock.now
        let report = try await EngineConformance { try await RedisStage.make(place, handles: 2) }
            .modelTest(histories: Self.histories * (lane + 1) / Self.lanes - first, seed: Self.seed &+ UInt64(first))
        FileHandle.standardError.write(
            Data("model test, \(place.rawValue), lane \(lane): \(report), in \(ContinuousClock.now - start)\n".utf8))
    }
}
