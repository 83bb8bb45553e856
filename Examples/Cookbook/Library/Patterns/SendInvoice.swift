import Logging
import Relier

/// Pattern 10's subject: a body that a test calls as the plain function it is, `try await sendInvoice(id: "INV-1", context: .testing())`.
@RelierTask(name: "sendInvoice")
func sendInvoice(id: String, context: TaskContext) async throws -> InvoiceOutcome {
    guard id.hasPrefix("INV-") else { throw Discard("'\(id)' is no invoice; invoices begin with INV-") }
    context.logger.info("sent \(id)")
    return InvoiceOutcome(invoice: id, message: "Invoice \(id)", attempt: context.attempt)
}

struct InvoiceOutcome: Codable, Sendable, Hashable {
    var invoice: String
    var message: String
    var attempt: Int
}
