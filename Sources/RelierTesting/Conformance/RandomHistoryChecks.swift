import Foundation
import Relier

extension EngineConformance {
    static let randomHistoryChecks: [Check] = [
        Check("randomHistoriesLoseAndDoubleNothing") { try await $0.randomHistoriesLoseAndDoubleNothing() }
    ]

    /// Twenty random histories hold; see ``randomHistory(seed:steps:)``.
    public func randomHistoriesLoseAndDoubleNothing() async throws {
        for seed in 1...20 { try await randomHistory(seed: UInt64(seed), steps: 150) }
    }

    /// Plays a random history of pushes, claims, settlements, crashes, late writes, lost replies, keys, children and time against the engine and a small model.
    ///
    /// After every step: no task is held by two, late writes are refused, a key is held by one and commits once within its time to live, no limit is exceeded. In the end every
    /// accepted task has committed once or is a dead letter, and no task waits for nothing.
    /// - Parameters:
    ///   - seed: the same seed plays the same choices.
    ///   - steps: how many; 1 or more.
    /// - Throws: ``ConformanceFailure`` with the seed and the last steps.
    public func randomHistory(seed: UInt64, steps: Int) async throws {
        try await scene("randomHistory(seed: \(seed), steps: \(steps))") { scene in
            var history = try await RandomHistory(scene: scene, seed: seed)
            do {
                for _ in 0..<steps { try await history.step() }
                try await history.settleTheDust()
            } catch let failure as ConformanceFailure {
                throw scene.failure("\(failure.expectation)\n  after: \(history.log.suffix(25).joined(separator: "\n         "))")
            }
        }
    }
}

/// Small, fast, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
