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
        #expect(attempt.isOverdue)
        let returned = attempt.bodyReturned()
        #expect(returned.ending == .timeout && !returned.wasStuck)
        #expect(!attempt.isOverdue)
    }

    @Test func theBodyEndsWhatNobodyElseEnded() {
        let attempt = attempt()
        #expect(attempt.bodyReturned().ending == nil)
        #expect(!attempt.end(.timeout))
    }

    @Test func aBodyIsStuckOnceAndOnlyAfterItsEnd() {
        let attempt = attempt()
        #expect(!attempt.markStuck(), "nobody has ended it")
        _ = attempt.end(.timeout)
        #expect(attempt.markStuck())
        #expect(!attempt.markStuck())
        #expect(attempt.bodyReturned().wasStuck)
        #expect(!attempt.markStuck(), "it has returned")
    }

    @Test func theSoftHookIsStartedAtMostOnceAndNotAfterTheEnd() async {
        let attempt = attempt()
        let started = Counter()
        attempt.onSoftTimeout { Task { started.add() } }
        await attempt.startSoftHook()?.value
        await attempt.startSoftHook()?.value
        #expect(started.count == 1)
        let late = self.attempt()
        late.onSoftTimeout { Task { started.add() } }
        _ = late.end(.timeout)
        #expect(late.startSoftHook() == nil)
    }

    @Test func progressIsPassedOnOnceAndGivenBackUnlessThereIsNewer() {
        let attempt = attempt()
        attempt.tell(TaskProgress(done: 1))
        #expect(attempt.takeProgress() == TaskProgress(done: 1))
        #expect(attempt.takeProgress() == nil)
        attempt.returnProgress(TaskProgress(done: 1))
        #expect(attempt.takeProgress() == TaskProgress(done: 1))
        attempt.tell(TaskProgress(done: 2))
        attempt.returnProgress(TaskProgress(done: 1))
        #expect(attempt.takeProgress() == TaskProgress(done: 2))
    }

    @Test func cancellationReachesABodyThatStartsLater() {
        let attempt = attempt()
        attempt.cancel()
        // Not started yet: there is nothing to cancel on another thread.
        let reached = Mutex(false)
        attempt.onCancel { reached.withLock { $0 = true } }
        #expect(reached.withLock { $0 })
    }

    @Test func oneWinnerAmongMany() async {
        for _ in 0..<200 {
            let attempt = attempt()
            let winners = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { attempt.end(.timeout) } }
                group.addTask { attempt.bodyReturned().ending == nil }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }
}

private final class Counter: Sendable {
    private let number = Mutex(0)
    func add() { number.withLock { $0 += 1 } }
    var count: Int { number.withLock { $0 } }
}
