import Foundation
import Relier
import RelierSQLite

// quote: webhook
@RelierTask(name: "handleWebhook")
func handleWebhook(eventID: String, payload: JSONValue) async throws -> String {
    try await withIdempotencyLock(key: "webhook:\(eventID)", ttl: .hours(24)) {
        "handled \(eventID)"
    }
}
// end quote

// quote: charge
@RelierTask(
    name: "charge", idempotent: .key("orderID", ttl: .hours(24)), hardTimeout: .seconds(10),
    retry: .exponential(initial: .seconds(1), maxAttempts: 5).retryIf { $0 is PaymentUnreachable }
)
func charge(orderID: String, cents: Int, context: TaskContext) async throws -> String {
    try await payments.charge(cents, idempotencyKey: context.idempotencyKey)
}
// end quote

// quote: limits
@RelierTask(
    name: "syncOrders", limits: [.concurrency(2, per: "customerID"), .rate(100, every: .seconds(60), per: "customerID"), .concurrency(20)]
)
func syncOrders(customerID: String, page: Int = 1) async throws -> Int {
    try await fetch(page, of: customerID) ?? 0
}
// end quote

// quote: fan-out
@RelierTask(name: "chargeAll")
func chargeAll(orderIDs: [String], context: TaskContext) async throws {
    try await context.push(contentsOf: orderIDs.map { $charge(orderID: $0, cents: 500) })
}
// end quote

// quote: soft
@RelierTask(name: "crawl", softTimeout: .seconds(55), hardTimeout: .seconds(60), onSoftTimeout: saveCursor)
func crawl(site: String, context: TaskContext) async throws -> Int {
    var page = try context.partial(as: Int.self) ?? 0
    while let next = try await fetch(page, of: site) {
        page = next
        context.metadata[Int.self] = page
    }
    return page
}

func saveCursor(_ context: TaskContext) async throws {
    if let page = context.metadata[Int.self] { try await context.setPartial(page) }
}
// end quote

// quote: blocking
@RelierTask(name: "resize", queue: "images")
func resize(path: String, width: Int) throws -> Int {
    try Data(contentsOf: URL(fileURLWithPath: path)).count
}
// end quote

// quote: migrations
@RelierTask(
    name: "refund", version: 3,
    migrations: [
        // Version 1 had whole euros.
        Migration(from: 1) { json in
            guard case .number(let number)? = json["euros"], let euros = number.int64 else { throw NotARefund() }
            json["cents"] = .integer(euros * 100)
            json["euros"] = nil
        },
        // Version 3 has a currency more.
        Migration(from: 2) { json in json["currency"] = "EUR" },
    ]
)
func refund(orderID: String, cents: Int, currency: String) async throws -> String {
    "refunded \(cents) \(currency) cents of \(orderID)"
}
// end quote

// quote: signing
func openSigned(secret: Data, before: Data) throws -> Relier {
    let keys = try SigningKeys(
        current: SigningKey(id: "2026-11", secret: secret), previous: [SigningKey(id: "2026-05", secret: before)])
    return Relier(try SQLiteEngine(path: "relier.db"), settings: ClientSettings(signing: keys))
}
// end quote

// quote: push
func order(_ id: String, in relier: Relier) async throws {
    let receipt = try await relier.push($charge(orderID: id, cents: 500))
    print("order \(id) is task \(receipt.id)\(receipt.isDuplicate ? ", as before" : "")")

    _ = try await relier.push($crawl(site: "example.org"), after: .minutes(5))
    _ = try await relier.push(contentsOf: (1...100).map { $resize(path: "/images/\($0).png", width: 800) })

    do {
        print(try await receipt.value(timeout: .seconds(30)))
    } catch let error as TaskQuarantined {
        print("given up: \(error.reason)")
    }
}

func openRelier() throws -> Relier {
    Relier(try SQLiteEngine(path: "relier.db"))
}
// end quote

func summerReport() async throws {
    // quote: program
    let relier = Relier(try SQLiteEngine(path: "relier.db"))
    let receipt = try await relier.push($writeReport(title: "Summer", pages: 3))
    print(try await receipt.value(timeout: .minutes(1)))
    // end quote
}

/// Thrown where the service could not be reached: worth another attempt.
struct PaymentUnreachable: Error {}

struct NotARefund: Error {}

/// Stands for a payment service that honours idempotency keys.
struct Payments {
    func charge(_ cents: Int, idempotencyKey: String) async throws -> String { "charged \(cents) under \(idempotencyKey)" }
}

let payments = Payments()

func fetch(_ page: Int, of site: String) async throws -> Int? { page < 3 ? page + 1 : nil }
