import Foundation
import GRDB
import Relier
import RelierSQLite
import RelierTesting
import Testing

@testable import CookbookLibrary

/// Rows in one transaction with tasks.
@Suite struct RecordPaymentTests {
    @Test func anEntryForEachPayment() async throws {
        // quote: harness
        let harness = try RelierTestHarness([$recordPayment.self])
        try await harness.sqlite.write { db in
            try PaymentTables.make(in: db)
            try db.execute(sql: "INSERT INTO payment_order (id, cents) VALUES ('INV-1', 500)")
        }
        let receipt = try await harness.push($recordPayment(order: "INV-1", cents: 500))
        try await harness.runQueued()
        #expect(try await receipt.value(timeout: .seconds(5)) == 1)
        #expect(try await harness.sqlite.write { try Int.fetchOne($0, sql: "SELECT sum(cents) FROM payment_entry") } == 500)
        // end quote
    }

    @Test func whatTheTablesForbidIsAFailureOfTheTask() async throws {
        let harness = try RelierTestHarness([$recordPayment.self])
        try await harness.sqlite.write(PaymentTables.make)
        // No such order: the foreign key says so, and nothing is written.
        let receipt = try await harness.push($recordPayment(order: "INV-2", cents: 500))
        try await harness.runQueued()
        let letter = try #require(try await harness.deadLetters().first)
        #expect(letter.id == receipt.id)
        #expect(letter.reason == "DatabaseError")
    }

    @Test func theOrderAndItsTaskTogether() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appendingPathComponent("relier.db").path
            let engine = try SQLiteEngine(path: path)
            let relier = Relier(engine)
            let pool = try DatabasePool(path: path)
            try await pool.write(PaymentTables.make)
            let receipt = try await acceptOrder("INV-1", cents: 500, in: pool, relier)
            await #expect(throws: DatabaseError.self) { try await acceptOrder("INV-1", cents: 500, in: pool, relier) }
            #expect(try await engine.queues().map(\.queued) == [1])
            #expect(try await receipt.status() == .queued)
            try await engine.close()
        }
    }
}
