import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Talks to the payment service.
struct PaymentClient: Sendable {
    let url: String

    /// The client of the body that runs here: `COOKBOOK_PAYMENTS_URL`, or the address where `cookbook payments` listens by default.
    @TaskLocal static var current = PaymentClient(
        url: ProcessInfo.processInfo.environment["COOKBOOK_PAYMENTS_URL"] ?? "http://127.0.0.1:8080")

    /// Says at once when nobody listens; waits for a connection while the machine is busy.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(15)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Charges a customer. With the same key, the service charges once, however often it is called.
    /// - Throws: ``PaymentError`` when the service is not there or refuses.
    func charge(_ customer: String, _ amountCents: Int, idempotencyKey: String) async throws -> Charge {
        var request = HTTPClientRequest(url: url + "/charges")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Idempotency-Key", value: idempotencyKey)
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(ChargeRequest(customer: customer, amountCents: amountCents))))
        return try await answer(to: request)
    }

    /// Every call the service received.
    func ledger() async throws -> [LedgerEntry] {
        try await answer(to: HTTPClientRequest(url: url + "/ledger"))
    }

    private func answer<Value: Decodable>(to request: HTTPClientRequest) async throws -> Value {
        let response: HTTPClientResponse
        do {
            response = try await Self.http.execute(request, timeout: .minutes(1))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw PaymentError(
                "the payment service at \(url) does not answer (\(error)); start it with 'cookbook payments', or set COOKBOOK_PAYMENTS_URL")
        }
        let body = try await response.body.collect(upTo: 1 << 24)
        guard response.status == .ok else {
            throw PaymentError("the payment service answered \(response.status.code): \(String(buffer: body))")
        }
        return try JSONDecoder().decode(Value.self, from: Data(body.readableBytesView))
    }
}

/// The payment service could not be reached, or refused.
struct PaymentError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The payment service of this program.
var payments: PaymentClient { .current }
