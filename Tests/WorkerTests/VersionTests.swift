import Foundation
import Logging
import Relier
import RelierTesting
import TestSupport
import Testing

/// One task in the versions of its life, as programs of different ages have it.
@Suite struct VersionTests {
    struct First: RelierTask {
        static let name = "pay"
        var amount: Int
        func run(_ context: TaskContext) async throws -> String { "first \(amount)" }
    }

    /// Adds a currency.
    struct Second: RelierTask {
        static let name = "pay"
        static let steps = [Migration(from: 1) { json in json["currency"] = "EUR" }]
        static var options: TaskOptions { TaskOptions(version: 2, migrations: steps) }
        var amount: Int
        var currency: String
        func run(_ context: TaskContext) async throws -> String { "second \(amount) \(currency)" }
    }

    /// Counts cents; refuses the amounts that cannot be.
    struct Third: RelierTask {
        static let name = "pay"
        struct Impossible: Error {}
        static let steps =
            Second.steps + [
                Migration(from: 2) { json in
                    guard case .number(let number)? = json["amount"], let amount = number.int64 else { return }
                    if amount < 0 { throw Impossible() }
                    json["cents"] = .integer(amount * 100)
                    json["amount"] = nil
                }
            ]
        static var options: TaskOptions { TaskOptions(retry: .fixed(every: .zero, maxAttempts: 3), version: 3, migrations: steps) }
        var cents: Int
        var currency: String
        func run(_ context: TaskContext) async throws -> String {
            let again = try context.arguments(as: Third.self)
            return "third \(cents) \(currency), pushed as \(context.version), again \(again.cents)"
        }
    }

    /// Has forgotten how to read version 1.
    struct Forgetful: RelierTask {
        static let name = "pay"
        static var options: TaskOptions { TaskOptions(version: 3, migrations: [.compatible(from: 2)]) }
        var cents: Int
        func run(_ context: TaskContext) async throws -> Int { cents }
    }

    private func quarantined(_ receipt: TaskReceipt<JSONValue>) async throws -> TaskQuarantined {
        try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
    }

    private func push(_ version: Int, _ json: String, _ bench: Workbench) async throws -> TaskReceipt<JSONValue> {
        try await bench.relier.push(name: "pay", arguments: Data(json.utf8), version: version)
    }

    @Test func olderArgumentsAreMigratedInOrder() async throws {
        try await Workbench.run([Third.self]) { bench in
            let first = try await push(1, #"{"amount":5}"#, bench)
            let second = try await push(2, #"{"amount":6,"currency":"USD"}"#, bench)
            let third = try await push(3, #"{"cents":7,"currency":"CHF"}"#, bench)
            #expect(try await first.value(timeout: .seconds(30)) == .string("third 500 EUR, pushed as 1, again 500"))
            #expect(try await second.value(timeout: .seconds(30)) == .string("third 600 USD, pushed as 2, again 600"))
            #expect(try await third.value(timeout: .seconds(30)) == .string("third 7 CHF, pushed as 3, again 7"))
        }
    }

    @Test func aSignedOldTaskIsVerifiedAsStoredAndMigratedAfter() async throws {
        let keys = try SigningKeys(current: SigningKey(parsing: "k:0123456789abcdef"))
        try await Workbench.run([Third.self], signing: keys) { bench in
            let receipt = try await push(1, #"{"amount":5}"#, bench)
            #expect(try await receipt.value(timeout: .seconds(30)) == .string("third 500 EUR, pushed as 1, again 500"))
        }
    }

    @Test func aMigrationThatThrowsKeepsTheTaskAsItWas() async throws {
        try await Workbench.run([Third.self]) { bench in
            let receipt = try await push(1, #"{"amount":-5}"#, bench)
            let error = try await quarantined(receipt)
            #expect(error.reason == "SchemaMigrationError")
            #expect(error.message == "the migration from version 2 threw Impossible: Impossible()")
            let details = try await bench.details(of: receipt.id)
            #expect(details.payload == ["amount": -5], "the stored arguments are as they were pushed")
            #expect(details.summary.version == 1)
            #expect(details.history.map(\.outcome) == ["quarantined"], "no retry policy brings it back")
        }
    }

    @Test func anOutcomeThatDoesNotDecodeIsAFailedMigration() async throws {
        try await Workbench.run([Third.self]) { bench in
            let receipt = try await push(2, #"{"amount":"five","currency":"EUR"}"#, bench)
            let error = try await quarantined(receipt)
            #expect(error.reason == "SchemaMigrationError")
            #expect(error.message.contains("migrated from version 2 to 3, are not those of the task"))
            let current = try await quarantined(try await push(3, #"{"cents":"five","currency":"EUR"}"#, bench))
            #expect(current.reason == "PayloadIntegrityError", "nothing was migrated here")
        }
    }

    @Test func whatNoStepStartsFromIsQuarantined() async throws {
        try await Workbench.run([Forgetful.self]) { bench in
            let error = try await quarantined(try await push(1, #"{"amount":5}"#, bench))
            #expect(error.reason == "SchemaMigrationError")
            #expect(error.message == "no migration starts from version 1; the oldest starts from 2")
        }
    }

    @Test func versionsStartAtOne() async throws {
        try await Workbench.run([First.self]) { bench in
            let error = try await #require(throws: RegistrationError.self) { _ = try await push(0, "{}", bench) }
            #expect(error.description.contains("versions start at 1"))
        }
    }

    /// G11: the newer payload waits, holds up nothing, and runs when a newer worker joins beside the older one.
    @Test func aNewerPayloadWaitsForANewerWorker() async throws {
        try await Workbench.run([Second.self]) { bench in
            let newer = try await bench.relier.push(Third(cents: 7, currency: "CHF"))
            let known = try await bench.relier.push(Second(amount: 1, currency: "USD"))
            #expect(try await known.value(timeout: .seconds(30)) == "second 1 USD")
            try await until("it is set aside") { try await newer.status() == .parked }
            var logger = RelierTestHarness.quiet
            logger.logLevel = .critical
            let young = Worker(
                engine: bench.engine, tasks: try TaskRegistry([Third.self]),
                settings: WorkerSettings(gracePeriod: .seconds(1), logger: logger))
            let running = Task { try await young.run() }
            let value = await Result { try await newer.value(timeout: .seconds(30)) }
            // Both serve what both can run.
            let old = await Result {
                let more = try await bench.relier.push(contentsOf: (0..<20).map { Second(amount: $0, currency: "USD") })
                for receipt in more { _ = try await receipt.value(timeout: .seconds(30)) }
            }
            young.drain()
            try await running.value
            try old.get()
            #expect(try value.get() == "third 7 CHF, pushed as 3, again 7")
            #expect(try await bench.engine.deadLetterReasons().isEmpty)
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
