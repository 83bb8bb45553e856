import NIOCore
import Testing

@testable import RESP

@Suite struct CommandQueueTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private func queue(silence: TimeAmount = .seconds(5)) -> CommandQueue<Int> { CommandQueue(silenceLimit: silence) }

    @Test func repliesGoToTheirCommandsInOrder() {
        var queue = queue()
        for token in 1...3 { queue.enqueue(token, sendBy: start + .seconds(1)) }
        while let token = queue.nextToWrite() { queue.wrote(token, deadline: start + .seconds(5), now: start) }
        #expect(!queue.hasWaiting && queue.hasWritten)
        for token in 1...3 {
            #expect(queue.head == token)
            guard case .to(token) = queue.answered() else { Issue.record("not \(token)"); return }
        }
        guard case .unexpected = queue.answered() else { Issue.record("a reply to nothing"); return }
    }

    @Test func whatWaitsTooLongIsUnsent() {
        var queue = queue()
        queue.enqueue(1, sendBy: start + .seconds(1))
        queue.enqueue(2, sendBy: start + .seconds(3))
        #expect(queue.earliest == start + .seconds(1))
        let expired = queue.expire(now: start + .seconds(1))
        #expect(expired.unsent == [1] && expired.unanswered.isEmpty && !expired.isSilent)
        #expect(queue.earliest == start + .seconds(3))
        #expect(queue.abandonWaiting() == [2])
        #expect(queue.expire(now: start + .seconds(9)).unsent.isEmpty)
        #expect(queue.earliest == .distantFuture)
    }

    @Test func aTimeoutKeepsItsPlaceInTheOrder() {
        var queue = queue()
        queue.wrote(1, deadline: start + .seconds(1), now: start)
        queue.wrote(2, deadline: start + .seconds(9), now: start)
        let expired = queue.expire(now: start + .seconds(1))
        #expect(expired.unanswered == [1] && !expired.isSilent)
        #expect(queue.expire(now: start + .seconds(2)).unanswered.isEmpty)
        guard case .discarded = queue.answered() else { Issue.record("not discarded"); return }
        guard case .to(2) = queue.answered() else { Issue.record("not 2"); return }
    }

    @Test func silenceIsCountedFromTheLastByteOrTheOldestCommand() {
        var queue = queue(silence: .seconds(5))
        queue.wrote(1, deadline: .distantFuture, now: start)
        queue.wrote(2, deadline: .distantFuture, now: start + .seconds(4))
        #expect(queue.earliest == start + .seconds(5))
        queue.heard(now: start + .seconds(3))
        #expect(!queue.expire(now: start + .seconds(5)).isSilent)
        #expect(queue.earliest == start + .seconds(8))
        #expect(queue.expire(now: start + .seconds(8)).isSilent)
        // Answered: now the second one counts, from when it was written.
        guard case .to(1) = queue.answered() else { Issue.record("not 1"); return }
        #expect(!queue.expire(now: start + .seconds(8)).isSilent)
        #expect(queue.expire(now: start + .seconds(9)).isSilent)
        #expect(queue.lost() == [2])
        #expect(!queue.expire(now: start + .seconds(99)).isSilent)
        #expect(queue.earliest == .distantFuture)
    }

    @Test func anAbandonedCommandStillShowsABlackHole() {
        var queue = queue(silence: .seconds(5))
        queue.wrote(1, deadline: start + .seconds(1), now: start)
        _ = queue.expire(now: start + .seconds(1))
        #expect(queue.earliest == start + .seconds(5))
        #expect(queue.expire(now: start + .seconds(5)).isSilent)
        #expect(queue.lost().isEmpty)
    }
}
