import Foundation
import RelierTesting
import Testing

@Suite("Random histories on Redis")
struct RedisModelTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `TEST_HISTORIES` sets another number, for a long run by hand.
    static let histories = environment["TEST_HISTORIES"].flatMap(Int.init) ?? 200
    /// `TEST_SEED` sets the seed of the first.
    static let seed = environment["TEST_SEED"].flatMap(UInt64.init) ?? 1

    /// `TEST_PARTITIONS` sets another number of partitions than four.
    static let partitions = environment["TEST_PARTITIONS"].flatMap(Int.init) ?? 4

    /// As many play side by side; each plays its part of the histories, whose seeds follow one another.
    static let lanes = 4

    @Test("on four partitions agree with the model", arguments: 0..<lanes)
    func histories(lane: Int) async throws {
        let first = Self.histories * lane / Self.lanes
        let report = try await EngineConformance { try await RedisStage.make(handles: 2, partitions: Self.partitions) }
            .modelTest(histories: Self.histories * (lane + 1) / Self.lanes - first, seed: Self.seed &+ UInt64(first))
        print("model test, lane \(lane): \(report)")
    }
}
