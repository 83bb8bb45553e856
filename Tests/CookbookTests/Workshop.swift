import Foundation
import Relier
import TestSupport
import Testing

@testable import CookbookLibrary

/// Real worker processes under a real supervisor, in a place of their own, and what they touch outside.
struct Workshop: Sendable {
    let directory: URL
    let engine: any Engine
    let ledger: PaymentLedger
    let store: AirportStore

    var relier: Relier { Relier(engine) }

    /// Kills the worker process that runs a task, once one does.
    func killWorker(running task: TaskID) async throws {
        try await eventually("a worker that runs \(task)") { () -> Bool? in
            guard let attempt = try await engine.inspect(task)?.history.last, attempt.outcome == "running" else { return nil }
            guard let worker = try await engine.workers().first(where: { $0.info.incarnation == attempt.incarnation }) else { return nil }
            return kill(worker.info.pid, SIGKILL) == 0 ? true : nil
        }
    }

    /// Waits until the airports' store has so many rows.
    func awaitRows(_ count: Int) async throws {
        var lines = LineCounter(path: store.path)
        try await eventually("\(count) stored rows") { lines.count() >= count ? true : nil }
    }

    /// How the attempts of a task ended.
    func outcomes(of task: TaskID) async throws -> [String] {
        try #require(try await engine.inspect(task)).history.map(\.outcome)
    }

    /// Opens a workshop, and closes and removes it when `body` has returned. Its workers have to end cleanly.
    /// - Parameters:
    ///   - storePause: how long a row takes at the least.
    ///   - latency: how long the payment service takes for a call.
    static func open(
        processes: Int = 1, concurrency: Int = 4, storePause: Int = 1, environment: [String: String] = [:],
        latency: @escaping @Sendable (LedgerEntry) -> Duration = { _ in .zero }, _ body: @Sendable (Workshop) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let place = TestPlace(in: directory.path)
            let engine = try place.engine()
            let ledger = try PaymentLedger(path: directory.appendingPathComponent("ledger").path)
            let store = AirportStore(path: directory.appendingPathComponent("airports.store").path, pause: .milliseconds(storePause))
            let workshop = Workshop(directory: directory, engine: engine, ledger: ledger, store: store)
            try await withPaymentService(ledger: ledger, latency: latency) { payments in
                var settings = [
                    "RELIER_PROCESSES": "\(processes)", "RELIER_CONCURRENCY": "\(concurrency)",
                    "COOKBOOK_PAYMENTS_URL": payments.url, "COOKBOOK_STORE": store.path, "COOKBOOK_STORE_PAUSE_MS": "\(storePause)",
                ]
                settings.merge(place.environment) { _, new in new }
                settings.merge(environment) { _, new in new }
                let workers = try DemoWorkers(executable: try CookbookExecutable.path(), directory: directory, environment: settings)
                let result: Result<Void, any Error>
                do { result = .success(try await body(workshop)) } catch { result = .failure(error) }
                let isClean = await workers.stop(within: .seconds(40))
                if case .failure = result { Issue.record("the workers said:\n\(workshop.log)") }
                try result.get()
                #expect(isClean, "the workers did not end cleanly:\n\(workshop.log)")
            }
            try await place.remove(engine)
        }
    }

    /// The end of what the workers printed.
    private var log: String {
        String((try? String(contentsOf: directory.appendingPathComponent("worker.log"), encoding: .utf8))?.suffix(4000) ?? "")
    }
}
