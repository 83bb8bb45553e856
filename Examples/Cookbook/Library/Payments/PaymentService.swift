import Foundation
import Hummingbird
import Logging
import NIOCore

/// A small payment service on the loopback interface, which honours `Idempotency-Key` as the great ones do:
/// the first call with a key charges; every later one gets that charge and charges nothing. It keeps every call in its ledger.
///
/// - `POST /charges` with an `Idempotency-Key` and `{"customer": "cus_1", "amountCents": 500}` answers the charge;
///   400 without a key, 422 when the key was used with other arguments.
/// - `GET /ledger` answers all calls in their order.
struct PaymentService: Sendable {
    let ledger: PaymentLedger
    /// The port to listen on; 0 takes a free one.
    var port = 0
    /// How long the answer to a call takes, after the call is in the ledger: a client killed meanwhile does not know that it was charged.
    var latency: @Sendable (LedgerEntry) -> Duration = { _ in .zero }
    var logger = Logger(label: "payments") { _ in SwiftLogNoOpLogHandler() }

    /// Serves until the calling task is cancelled or the program is told to shut down.
    /// - Parameter onRunning: called once with the port it listens on.
    func run(onRunning: @escaping @Sendable (Int) async -> Void) async throws {
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: "payments"),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("charges") { request, context -> Response in
            guard let key = request.headers[.idempotencyKey], !key.isEmpty else {
                throw HTTPError(.badRequest, message: "send an Idempotency-Key: a charge without one could be made twice")
            }
            let wanted = try await request.decode(as: ChargeRequest.self, context: context)
            let (charge, entry) = try await ledger.record(wanted, key: key)
            if entry.outcome == .refused {
                throw HTTPError(.unprocessableContent, message: "the key \(key) was used with other arguments")
            }
            let latency = latency(entry)
            if latency > .zero { try await Task.sleep(for: latency) }
            return try Self.json(charge)
        }
        router.get("ledger") { _, _ -> Response in
            try Self.json(await ledger.entries)
        }
        return router
    }

    private static func json(_ value: some Encodable) throws -> Response {
        let body = try JSONEncoder().encode(value)
        return Response(
            status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
