import Relier
import Synchronization

struct Invoice: Codable, Sendable, Equatable {
    var id: String
    var amountCents: Int
}

struct PaymentError: Error, CustomStringConvertible {
    var description: String { "the card was refused" }
}

struct SendInvoice: RelierTask {
    static let name = "sendInvoice"
    static let options = TaskOptions(queue: "mail", idempotent: .automatic)
    var id: String

    func run(_ context: TaskContext) async throws -> Invoice {
        try await sendInvoice(id: id, context: context)
    }
}

func sendInvoice(id: String, context: TaskContext) async throws -> Invoice {
    if id.isEmpty { throw PaymentError() }
    return Invoice(id: id, amountCents: 500)
}

struct ImportUser: RelierTask {
    static let name = "importUser"
    var userID: Int

    func run(_ context: TaskContext) async throws -> Int { userID * 2 }
}

struct ImportAllUsers: RelierTask {
    static let name = "importAllUsers"
    var count: Int

    func run(_ context: TaskContext) async throws -> NoOutput {
        try await context.push(contentsOf: (0..<count).map { ImportUser(userID: $0) })
        return NoOutput()
    }
}

struct Cursor: Codable, Sendable, Equatable {
    var line: Int
}

func importLines(_ lines: Int, context: TaskContext) async throws -> Int {
    var cursor = try context.partial(as: Cursor.self) ?? Cursor(line: 0)
    var stored = 0
    while cursor.line < lines {
        cursor.line += 1
        stored += 1
        try await context.setPartial(cursor)
    }
    return stored
}

func processWebhook(eventID: String, payload: String) async throws -> String {
    try await withIdempotencyLock(key: "webhook:\(eventID)", ttl: .hours(24)) { "handled \(payload)" }
}

struct ProcessWebhook: RelierTask {
    static let name = "processWebhook"
    var eventID: String
    var payload: String

    func run(_ context: TaskContext) async throws -> String {
        try await processWebhook(eventID: eventID, payload: payload)
    }
}

struct Flaky: RelierTask {
    static let name = "flaky"
    static let options = TaskOptions(retry: .fixed(every: .minutes(10), maxAttempts: 3))
    var succeedsAt: Int

    func run(_ context: TaskContext) async throws -> Int {
        if context.attempt < succeedsAt { throw PaymentError() }
        return context.attempt
    }
}

/// Notes in which order its tasks ran, in a book that one test reads.
struct Note: RelierTask {
    static let name = "note"
    private static let books = Mutex<[String: [Int]]>([:])
    var book: String
    var number: Int

    func run(_ context: TaskContext) async throws -> NoOutput {
        Self.books.withLock { $0[book, default: []].append(number) }
        return NoOutput()
    }

    static func numbers(in book: String) -> [Int] { books.withLock { $0[book] ?? [] } }
}
