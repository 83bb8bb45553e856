import Foundation
import Relier

extension RandomHistory {
    static let rate = LimitRule.rate(6, every: .minutes(5))

    /// What a player declares that joins now.
    var limits: [LimitRule] { [.perKey(maximum), Self.rate] }

    /// No claim may have gone beyond a limit. Claims whose replies were lost count for the engine and not here, so it may only allow fewer.
    mutating func heedLimits(of claimed: [ClaimedTask]) async throws {
        let now = try await scene.engine.now()
        let limited = claimed.filter { $0.limitKey != "{}" }
        for key in Set(limited.map(\.limitKey)).sorted() {
            let running = players.reduce(0) { $0 + $1.held.values.count { $0.limitKey == key } }
            try scene.expect(running <= maximum, "no claim goes beyond the limit of \(maximum) at once; \(running) of \(key) run")
        }
        for task in limited {
            let earlier = starts[task.limitKey, default: []]
            if let sixth = earlier.dropLast(Self.rate.maximum - 1).last {
                // The clock may go on by itself between a claim and the look at it.
                try scene.expect(now - sixth >= .seconds(299), "no claim goes beyond the rate; the seventh start came after \(now - sixth)")
            }
            starts[task.limitKey] = earlier + [now]
        }
    }
}
