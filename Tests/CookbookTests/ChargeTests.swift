import Foundation
import Relier
import Testing

@testable import CookbookLibrary

extension WorkshopTests {
    /// Pattern 1.
    @Suite(.serialized) struct ChargeTests {
        /// The first call of a key makes the charge and is not answered in time; later ones are answered at once.
        private static let hangsOnce: @Sendable (LedgerEntry) -> Duration = { $0.outcome == .charged ? .seconds(60) : .zero }

        @Test func twoHundredPushesAreOneCharge() async throws {
            try await Workshop.open(processes: 2) { shop in
                let relier = shop.relier
                let receipts = try await withThrowingTaskGroup(of: TaskReceipt<Charge>.self) { group in
                    for _ in 0..<200 {
                        group.addTask { try await relier.push($chargeCustomer(customerID: "cus_1", amountCents: 500)) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(receipts.count { $0.isDuplicate } == 199)
                var charges: Set<Charge> = []
                for receipt in receipts { charges.insert(try await receipt.value(timeout: .seconds(30))) }
                #expect(charges.count == 1)
                let late = try await relier.push($chargeCustomer(customerID: "cus_1", amountCents: 500))
                #expect(late.isDuplicate)
                #expect(try await late.status() == .committed)
                #expect(try await charges.contains(late.value(timeout: .zero)))
                #expect(await shop.ledger.entries.map(\.outcome) == [.charged])
            }
        }

        @Test func aWorkerKilledAfterTheCallAndBeforeTheCommitChargesOnce() async throws {
            try await Workshop.open(latency: Self.hangsOnce) { shop in
                let receipt = try await shop.relier.push($chargeCustomer(customerID: "cus_1", amountCents: 500))
                try await eventually("the first call") { await shop.ledger.entries.isEmpty ? nil : true }
                try await shop.killWorker(running: receipt.id)
                let charge = try await receipt.value(timeout: .seconds(30))
                let calls = await shop.ledger.entries
                #expect(calls.map(\.outcome) == [.charged, .repeated])
                #expect(Set(calls.map(\.key)).count == 1)
                #expect(charge.id == calls.first?.charge)
                #expect(try await shop.outcomes(of: receipt.id) == ["worker-gone", "committed"])
            }
        }

        @Test func aHungServiceQuarantinesAndTheNextPushSendsTheSameKey() async throws {
            try await Workshop.open(latency: Self.hangsOnce) { shop in
                let start = ContinuousClock.now
                let receipt = try await shop.relier.push($chargeCustomer(customerID: "cus_1", amountCents: 500))
                let error = await #expect(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(40)) }
                #expect(error?.reason == "TimeoutError")
                #expect(ContinuousClock.now - start >= .seconds(10))
                let again = try await eventually("a push that takes the freed key") {
                    let again = try await shop.relier.push($chargeCustomer(customerID: "cus_1", amountCents: 500))
                    return again.isDuplicate ? nil : again
                }
                let charge = try await again.value(timeout: .seconds(30))
                let calls = await shop.ledger.entries
                #expect(calls.map(\.outcome) == [.charged, .repeated])
                #expect(Set(calls.map(\.key)).count == 1)
                #expect(charge.id == calls.first?.charge)
            }
        }
    }
}
