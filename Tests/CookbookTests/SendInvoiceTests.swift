import Relier
import RelierTesting
import Testing

@testable import CookbookLibrary

/// Pattern 10: a body is a function, and a test calls it as one.
@Suite struct SendInvoiceTests {
    @Test func aBodyIsCalledAsAPlainFunction() async throws {
        let outcome = try await sendInvoice(id: "INV-1", context: .testing())
        #expect(outcome == InvoiceOutcome(invoice: "INV-1", message: "Invoice INV-1", attempt: 1))
    }

    @Test func whatIsNoInvoiceIsDiscarded() async throws {
        await #expect(throws: Discard.self) { try await sendInvoice(id: "ORDER-1", context: .testing()) }
    }
}
