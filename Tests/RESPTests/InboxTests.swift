import NIOCore
import Testing

@testable import RESP

@Suite struct InboxTests {
    private func command() -> PendingCommand {
        PendingCommand(RESPCommand("PING"), sendBy: .distantFuture, deadline: .distantFuture) { _ in }
    }

    @Test func onlyWhatFindsItEmptyWakesTheLoop() {
        let inbox = Inbox()
        #expect(inbox.submit(command()) == .acceptedFirst)
        #expect(inbox.submit(command()) == .accepted)
        var taken: [PendingCommand] = []
        inbox.exchange(&taken)
        #expect(taken.count == 2)
        #expect(inbox.submit(command()) == .acceptedFirst)
    }

    /// Only who closed it may turn to the event loop, which may have ended by the next time.
    @Test func itIsClosedOnceAndTakesNothingAfterwards() {
        let inbox = Inbox()
        #expect(inbox.close())
        #expect(!inbox.close())
        #expect(inbox.submit(command()) == .closed)
    }
}
