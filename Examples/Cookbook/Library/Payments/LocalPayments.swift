import Foundation

/// Runs `body` beside a payment service of this process, and stops the service when it returns.
/// - Parameter body: gets a client of the service.
func withPaymentService<Value: Sendable>(
    ledger: PaymentLedger, latency: @escaping @Sendable (LedgerEntry) -> Duration, _ body: @Sendable (PaymentClient) async throws -> Value
) async throws -> Value {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await PaymentService(ledger: ledger, latency: latency).run { continuation.yield($0) }
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await group.waitForAll()
            throw PaymentError("the payment service ended before it listened")
        }
        let value = try await body(PaymentClient(url: "http://127.0.0.1:\(port)"))
        group.cancelAll()
        // The service ends by the cancellation, which is no error here.
        while await group.nextResult() != nil {}
        return value
    }
}
