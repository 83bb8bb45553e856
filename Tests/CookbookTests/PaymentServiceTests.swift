import Foundation
import Testing

@testable import CookbookLibrary

@Suite struct PaymentServiceTests {
    private func withService(_ body: @escaping @Sendable (PaymentClient, String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("ledger").path
            try await withPaymentService(ledger: try PaymentLedger(path: path), latency: { _ in .zero }) { client in
                try await body(client, path)
            }
        }
    }

    @Test func aKeyIsChargedOnceAndEveryCallIsKept() async throws {
        try await withService { client, _ in
            let first = try await client.charge("cus_1", 500, idempotencyKey: "k1")
            let again = try await client.charge("cus_1", 500, idempotencyKey: "k1")
            let other = try await client.charge("cus_1", 500, idempotencyKey: "k2")
            #expect(first == again)
            #expect(first != other)
            let ledger = try await client.ledger()
            #expect(ledger.map(\.outcome) == [.charged, .repeated, .charged])
            #expect(ledger.map(\.key) == ["k1", "k1", "k2"])
            #expect(ledger.allSatisfy { $0.customer == "cus_1" && $0.amountCents == 500 })
        }
    }

    @Test func manyCallsAtOnceWithOneKeyChargeOnce() async throws {
        try await withService { client, _ in
            let charges = try await withThrowingTaskGroup(of: Charge.self) { group in
                for _ in 0..<50 { group.addTask { try await client.charge("cus_1", 500, idempotencyKey: "k") } }
                return try await group.reduce(into: Set<Charge>()) { $0.insert($1) }
            }
            #expect(charges.count == 1)
            let ledger = try await client.ledger()
            #expect(ledger.count == 50)
            #expect(ledger.count { $0.outcome == .charged } == 1)
        }
    }

    @Test func aKeyUsedForSomethingElseIsRefused() async throws {
        try await withService { client, _ in
            _ = try await client.charge("cus_1", 500, idempotencyKey: "k")
            let error = await #expect(throws: PaymentError.self) { try await client.charge("cus_1", 501, idempotencyKey: "k") }
            #expect(error?.description.contains("422") == true)
            #expect(try await client.ledger().last?.outcome == .refused)
        }
    }

    @Test func theLedgerSurvivesTheServiceAndAnUnfinishedLastLine() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("ledger").path
            let request = ChargeRequest(customer: "cus_1", amountCents: 500)
            let before = try await PaymentLedger(path: path).record(request, key: "k").charge
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data("{\"key\":\"half".utf8))
            try file.close()
            let ledger = try PaymentLedger(path: path)
            let after = try await ledger.record(request, key: "k")
            #expect(after.charge == before)
            #expect(after.entry.outcome == .repeated)
            #expect(try await PaymentLedger(path: path).entries.count == 2)
        }
    }

    @Test func noServiceIsOneClearLine() async throws {
        let client = PaymentClient(url: "http://127.0.0.1:1")
        let error = await #expect(throws: PaymentError.self) { try await client.charge("cus_1", 1, idempotencyKey: "k") }
        #expect(error?.description.contains("http://127.0.0.1:1 does not answer") == true)
        #expect(error?.description.contains("cookbook payments") == true)
    }
}
