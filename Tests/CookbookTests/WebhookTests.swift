import Foundation
import Relier
import Testing

@testable import CookbookLibrary

/// Leaves its lock without a result the first time; says whether it was there before, and what was stored.
@RelierTask(name: "test.leavesWithoutResult")
func leavesWithoutResult(delivery: Int) async throws -> [Bool] {
    try await withIdempotencyLock(key: "test:without-result", ttl: .hours(1)) { lock in
        [lock.alreadyExecuted, try lock.cachedResult(as: WebhookOutcome.self) != nil]
    }
}

/// Pattern 2.
@Suite struct WebhookTests {
    private func payload(_ delivery: Int) -> JSONValue {
        .object(["kind": .string("paid"), "sentAt": .integer(Int64(delivery))])
    }

    @Test func anEventIsHandledOnceWhateverItsPayload() async throws {
        try await withWorker([$processWebhook.self]) { relier, _ in
            var receipts: [TaskReceipt<WebhookOutcome>] = []
            for delivery in 1...3 {
                receipts.append(try await relier.push($processWebhook(eventID: "evt_1", payload: payload(delivery))))
            }
            let other = try await relier.push($processWebhook(eventID: "evt_2", payload: payload(1)))
            var outcomes: [WebhookOutcome] = []
            for receipt in receipts { outcomes.append(try await receipt.value(timeout: .seconds(30))) }
            #expect(Set(receipts.map(\.id)).count == 3)
            #expect(Set(outcomes).count == 1)
            #expect(try await other.value(timeout: .seconds(30)).handling != outcomes[0].handling)
        }
    }

    @Test func theLockInHandReplaysToo() async throws {
        try await withWorker([$processWebhookByHand.self]) { relier, _ in
            var outcomes: Set<WebhookOutcome> = []
            for delivery in 1...3 {
                let receipt = try await relier.push($processWebhookByHand(eventID: "evt_1", payload: payload(delivery)))
                outcomes.insert(try await receipt.value(timeout: .seconds(30)))
            }
            #expect(outcomes.count == 1)
        }
    }

    @Test func anErrorFreesTheKey() async throws {
        try await withWorker([$processWebhook.self]) { relier, _ in
            let bad = try await relier.push($processWebhook(eventID: "evt_1", payload: .object([:])))
            let error = await #expect(throws: TaskQuarantined.self) { try await bad.value(timeout: .seconds(30)) }
            #expect(error?.reason == "WebhookError")
            let good = try await relier.push($processWebhook(eventID: "evt_1", payload: payload(1)))
            #expect(try await good.value(timeout: .seconds(30)).kind == "paid")
        }
    }

    @Test func leavingWithoutAResultIsRememberedAndWarnedAbout() async throws {
        let messages = LoggedMessages()
        try await withWorker([$leavesWithoutResult.self], logger: messages.logger) { relier, _ in
            let first = try await relier.push($leavesWithoutResult(delivery: 1))
            #expect(try await first.value(timeout: .seconds(30)) == [false, false])
            let second = try await relier.push($leavesWithoutResult(delivery: 2))
            #expect(try await second.value(timeout: .seconds(30)) == [true, false])
        }
        #expect(messages.all.contains { $0.hasPrefix("warning") && $0.contains("without setResult") })
    }
}
