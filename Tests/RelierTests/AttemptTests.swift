import Foundation
import Synchronization
import Testing

@testable import Relier

@Suite struct AttemptTests {
    private func attempt() -> Attempt {
        Attempt(
            task: ClaimedTask(
                envelope: Envelope(id: .next(), name: "x", version: 1, payload: Data(), enqueuedAt: EngineTime(microseconds: 0)),
                queue: .default, fence: Fence(number: 1, token: 1), attempt: 1, resurrections: 0, checkpoint: nil, key: nil,
                operation: nil, isSuspect: false, keyTTL: .zero, resultTTL: .zero))
    }

    @Test func onlyOneEndingWins() {
        let attempt = attempt()
        #expect(attempt.end(.timeout))
        #expect(!attempt.end(.handOver))
        #expect(attempt.isStuck)
        #expect(attempt.bodyReturned() == .timeout)
        #expect(!attempt.isStuck)
    }

    @Test func theBodyEndsWhatNobodyElseEnded() {
        let attempt = attempt()
        #expect(attempt.bodyReturned() == nil)
        #expect(!attempt.end(.timeout))
    }

    @Test func cancellationReachesABodyThatStartsLater() {
        let attempt = attempt()
        attempt.cancel()
        let reached = Mutex(false)
        attempt.onCancel { reached.withLock { $0 = true } }
        #expect(reached.withLock { $0 })
    }

    @Test func oneWinnerAmongMany() async {
        for _ in 0..<200 {
            let attempt = attempt()
            let winners = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { attempt.end(.timeout) } }
                group.addTask { attempt.bodyReturned() == nil }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }
}
