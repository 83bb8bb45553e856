import Relier
import RelierTesting
import TestSupport
import Testing

@Suite struct LostMessageTests {
    @Test func aClaimWhoseReplyIsLostIsQueuedAgainByTheNextRenewal() async throws {
        try await Workbench.run([Count.self], lease: .seconds(1)) { bench in
            bench.engine.inject(.replyLost, into: .claim)
            let receipt = try await bench.relier.push(Count(label: "lost-claim"))
            #expect(try await receipt.value(timeout: .seconds(30)) == "lost-claim")
            #expect(Tally.count("lost-claim") == 1)
            #expect(bench.engine.isSpent)
            let details = try await bench.details(of: receipt.id)
            // A worker that was idle may have lost the reply to an empty claim before.
            #expect(details.summary.resurrections == 0)
            #expect(details.history.map(\.outcome) == ["stray", "committed"] || details.history.map(\.outcome) == ["committed"])
        }
    }

    @Test func aCommitWhoseReplyIsLostIsNotRunAgain() async throws {
        try await Workbench.run([Count.self], lease: .seconds(1)) { bench in
            bench.engine.inject(.replyLost, into: .settle, times: 3)
            let receipt = try await bench.relier.push(Count(label: "lost-commit"))
            #expect(try await receipt.value(timeout: .seconds(30)) == "lost-commit")
            try await until("the worker has its answer") { bench.engine.isSpent }
            #expect(Tally.count("lost-commit") == 1)
            #expect(try await bench.history(of: receipt.id) == ["committed"])
        }
    }

    @Test func aCommitThatNeverArrivedIsSentAgain() async throws {
        try await Workbench.run([Count.self]) { bench in
            bench.engine.inject(.requestLost, into: .settle, times: 3)
            let receipt = try await bench.relier.push(Count(label: "lost-request"))
            #expect(try await receipt.value(timeout: .seconds(30)) == "lost-request")
            #expect(Tally.count("lost-request") == 1)
        }
    }

    @Test func aPushWhoseReplyIsLostResumesUnderItsID() async throws {
        try await Workbench.run([Count.self]) { bench in
            bench.engine.inject(.replyLost, into: .push)
            let task = Count(label: "lost-push")
            let unknown = try await #require(throws: PushOutcomeUnknown.self) { _ = try await bench.relier.push(task) }
            let id = try #require(unknown.ids.first)
            let receipt = try await bench.relier.push(task, id: id)
            #expect(receipt.id == id && receipt.isDuplicate)
            #expect(try await receipt.value(timeout: .seconds(30)) == "lost-push")
            #expect(Tally.count("lost-push") == 1)
        }
    }

    @Test func workGoesOnAfterAnOutageWithoutARestart() async throws {
        try await Workbench.run([Count.self], lease: .seconds(2)) { bench in
            // An engine that is away at the very start is an error; one that goes away later is waited for.
            try await until("the worker has joined") { try await bench.engine.workers().count == 1 }
            bench.engine.failEverything(.unavailable)
            await #expect(throws: EngineError.self) { _ = try await bench.relier.push(Count(label: "outage")) }
            // Longer than the lease: the worker has stopped itself meanwhile.
            try await Task.sleep(for: .seconds(3))  // waits: the lease must have time to end
            bench.engine.failEverything(nil)
            let receipt = try await bench.relier.push(Count(label: "outage"))
            #expect(try await receipt.value(timeout: .seconds(5)) == "outage")
        }
    }

    @Test func aLeaseThatCannotBeRenewedStopsTheBodiesBeforeItEnds() async throws {
        try await Workbench.run([WaitOnce.self], lease: .seconds(1)) { bench in
            let receipt = try await bench.relier.push(WaitOnce(label: "renewal"))
            try await until("the body runs") { Tally.count("renewal") == 1 }
            // Five renewals a lease, more of them once it is in danger.
            bench.engine.inject(.unavailable, into: .renew, times: 5)
            #expect(try await receipt.value(timeout: .seconds(30)) == 2)
            let details = try await bench.details(of: receipt.id)
            // A renewal that comes back before the hand-over says that nothing is held, and has it queued again.
            #expect([["handed-back", "committed"], ["stray", "committed"]].contains(details.history.map(\.outcome)))
            #expect(details.summary.resurrections == 0, "a worker that stops itself costs its tasks nothing")
        }
    }
}
