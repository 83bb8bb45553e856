import Foundation
import Relier
import RelierTesting
import Testing

@Suite("A whole flow in a test")
struct HarnessTests {
    @Test("runs what is queued, and what that pushes")
    func flow() async throws {
        let harness = try RelierTestHarness([ImportAllUsers.self, ImportUser.self])
        let receipt = try await harness.push(ImportAllUsers(count: 50))
        #expect(try await receipt.status() == .queued)
        #expect(try harness.pushed(ImportUser.self).isEmpty)
        try await harness.runQueued()
        _ = try await receipt.value(timeout: .seconds(5))
        #expect(try harness.expectPushed(ImportUser.self).map(\.userID) == Array(0..<50))
        let children = harness.engine.accepted.filter { $0.parent?.id == receipt.id }.map(\.envelope.id)
        let states = try await harness.engine.status(of: children)
        #expect(states.count == 50)
        #expect(states.values.allSatisfy { $0.state == .committed })
        #expect(try await harness.deadLetters().isEmpty)
    }

    @Test("says what was pushed instead")
    func nothingPushed() async throws {
        let harness = try RelierTestHarness([SendInvoice.self])
        let error = #expect(throws: NothingPushed.self) { try harness.expectPushed(ImportUser.self) }
        #expect(error?.description == "no task 'importUser' was pushed; nothing was")
        try await harness.push(SendInvoice(id: "INV-1"))
        let other = #expect(throws: NothingPushed.self) { try harness.expectPushed(ImportUser.self) }
        #expect(other?.description == "no task 'importUser' was pushed; pushed were: sendInvoice")
    }

    @Test("does not run what was not told to run, or is not due")
    func delays() async throws {
        let harness = try RelierTestHarness([ImportUser.self])
        let later = try await harness.push(ImportUser(userID: 1), after: .hours(2))
        let dated = try await harness.push(ImportUser(userID: 2), at: harness.clock.date.addingTimeInterval(86_400))
        try await harness.runQueued()
        #expect(try await later.status() == .scheduled)
        try await harness.advance(by: .hours(2))
        #expect(try await later.status() == .queued)
        try await harness.runQueued()
        #expect(try await later.value(timeout: .seconds(5)) == 2)
        #expect(try await dated.status() == .scheduled)
        try await harness.advance(by: .hours(22))
        try await harness.runQueued()
        #expect(try await dated.value(timeout: .seconds(5)) == 4)
    }

    @Test("retries when the clock has moved on")
    func retries() async throws {
        let harness = try RelierTestHarness([Flaky.self])
        let good = try await harness.push(Flaky(succeedsAt: 3))
        let bad = try await harness.push(Flaky(succeedsAt: 9))
        try await harness.runQueued()
        #expect(try await good.status() == .scheduled)
        try await harness.runQueued()
        #expect(try await good.status() == .scheduled)
        for _ in 0..<2 {
            try await harness.advance(by: .minutes(10))
            try await harness.runQueued()
        }
        #expect(try await good.value(timeout: .seconds(5)) == 3)
        let letter = try #require(try await harness.deadLetters().first)
        #expect(letter.id == bad.id)
        #expect(letter.reason == "PaymentError")
        #expect(letter.attempts == 3)
        await #expect(throws: TaskQuarantined.self) { try await bad.value(timeout: .seconds(5)) }
    }

    @Test("releases a dead letter")
    func release() async throws {
        let harness = try RelierTestHarness([SendInvoice.self])
        let receipt = try await harness.push(SendInvoice(id: ""))
        try await harness.runQueued()
        let letter = try #require(try await harness.deadLetters().first)
        #expect(letter.queue == "mail")
        try await harness.release(letter.id)
        #expect(try await receipt.status() == .queued)
        try await harness.runQueued()
        let details = try #require(try await harness.inspect(letter.id))
        #expect(details.history.map(\.outcome) == ["quarantined", "quarantined"])
    }

    @Test("runs one execution for one key")
    func idempotency() async throws {
        let harness = try RelierTestHarness([SendInvoice.self, ProcessWebhook.self], concurrency: 10)
        let first = try await harness.push(SendInvoice(id: "INV-1"))
        let second = try await harness.push(SendInvoice(id: "INV-1"))
        #expect(second.isDuplicate)
        #expect(second.id == first.id)
        let hooks = try await harness.push(contentsOf: (0..<20).map { ProcessWebhook(eventID: "e1", payload: "\($0)") })
        try await harness.runQueued()
        #expect(try await second.value(timeout: .seconds(5)) == Invoice(id: "INV-1", amountCents: 500))
        var answers: Set<String> = []
        for hook in hooks { answers.insert(try await hook.value(timeout: .seconds(5))) }
        #expect(answers.count == 1)
        try await harness.advance(by: .hours(2))
        #expect(try await harness.push(SendInvoice(id: "INV-1")).isDuplicate == false)
    }

    @Test("with one slot tasks run in the order of their push")
    func order() async throws {
        let harness = try RelierTestHarness([Note.self])
        let book = TaskID.next().description
        try await harness.push(contentsOf: (0..<20).map { Note(book: book, number: $0) })
        try await harness.push(Note(book: book, number: 20))
        try await harness.runQueued()
        #expect(Note.numbers(in: book) == Array(0...20))
    }

    @Test("loses calls on demand")
    func faults() async throws {
        let harness = try RelierTestHarness([ImportUser.self])
        harness.engine.inject(.replyLost, into: .push)
        let error = await #expect(throws: PushOutcomeUnknown.self) { try await harness.push(ImportUser(userID: 1)) }
        let id = try #require(error?.ids.first)
        let receipt = try await harness.push(ImportUser(userID: 1), id: id)
        #expect(receipt.isDuplicate)
        harness.engine.inject(.replyLost, into: .settle)
        try await harness.runQueued()
        #expect(try await receipt.value(timeout: .seconds(5)) == 2)
        #expect(harness.engine.isSpent)
        let details = try #require(try await harness.inspect(id))
        #expect(details.history.map(\.outcome) == ["committed"])
    }

    @Test("tells what does not come to an end")
    func stillRunning() async throws {
        let harness = try RelierTestHarness([Endless.self])
        let receipt = try await harness.push(Endless())
        let error = await #expect(throws: StillRunning.self) { try await harness.runQueued(timeout: .seconds(2)) }
        // On a busy machine its worker may not have come to it.
        #expect(error.map { $0.running + $0.queued } == 1)
        #expect(try await receipt.status() == .queued)
    }
}

struct Endless: RelierTask {
    static let name = "endless"
    func run(_ context: TaskContext) async throws -> NoOutput {
        try await Task.sleep(for: .seconds(600))
        return NoOutput()
    }
}
