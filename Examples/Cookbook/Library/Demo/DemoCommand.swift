import ArgumentParser
import Dispatch
import Foundation
import Logging
import Relier

/// `cookbook demo`: shows that tasks survive `kill -9`, and lets the payment service's ledger be the judge.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Charge 800 customers and import 3,376 airports while worker processes are killed, and count what was lost.")

    @Flag(help: "Print one JSON object instead of the table.")
    var json = false

    @Option(help: "Repeats the choices of a run: what is pushed in which order, when workers are killed, which charge traps.")
    var seed: UInt64 = .random(in: 1...9999)

    @Option(
        help:
            "A SQLite file to use, as sqlite:PATH, which must not exist, or a server, as redis://HOST:PORT. A temporary file unless given.")
    var url: String?

    func run() async throws {
        let start = ContinuousClock.now
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cookbook-demo-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let place = try DemoPlace(url, directory: directory)
        let evidence: DemoEvidence
        do {
            evidence = try await Self.run(DemoPlan(seed: seed), directory: directory, place: place)
        } catch {
            Self.note("what the workers said is in \(directory.path)\(place.remainder)")
            throw error
        }
        let verdict = DemoVerdict(evidence)
        let seconds = (ContinuousClock.now - start).inMilliseconds.rounded() / 1000
        print(json ? try verdict.json(seed: seed, seconds: seconds) : verdict.table(seed: seed, seconds: seconds))
        if verdict.holds {
            try await place.clear()
            try FileManager.default.removeItem(at: directory)
        } else {
            for objection in verdict.objections { Self.note(objection) }
            Self.note("the ledger and what the workers said are in \(directory.path)\(place.remainder)")
            throw ExitCode.failure
        }
    }

    private static func run(_ plan: DemoPlan, directory: URL, place: DemoPlace) async throws -> DemoEvidence {
        let engine = try await place.open()
        let ledger = try PaymentLedger(path: directory.appendingPathComponent("payments.ledger").path)
        let store = AirportStore(path: directory.appendingPathComponent("airports.store").path, pause: .milliseconds(1))
        let evidence = try await withPaymentService(ledger: ledger, latency: latency) { payments in
            let workers = try DemoWorkers(
                directory: directory,
                environment: [
                    "RELIER_PROCESSES": "2", "RELIER_CONCURRENCY": "4",
                    "COOKBOOK_PAYMENTS_URL": payments.url, "COOKBOOK_DEMO_TRAP": plan.trapCustomer,
                    "COOKBOOK_STORE": store.path, "COOKBOOK_STORE_PAUSE_MS": "1",
                ].merging(place.environment) { $1 })
            let signals = [SIGINT, SIGTERM].map { interrupt($0, stopping: workers, removing: directory, and: place) }
            defer { for signal in signals { signal.cancel() } }
            let board = DemoBoard()
            let progress = Task { await DemoProgress(board: board).run() }
            let run = DemoRun(
                plan: plan, relier: Relier(engine), board: board, ledger: ledger, store: store, deadline: .now + .seconds(50))
            let result: Result<DemoEvidence, any Error>
            do { result = .success(try await run.run()) } catch { result = .failure(error) }
            progress.cancel()
            await progress.value
            if await !workers.stop(within: .seconds(8)) { note("the workers did not end cleanly") }
            return try result.get()
        }
        try await engine.close()
        return evidence
    }

    /// 5 to 15 ms, the same for each call with a key.
    private static let latency: @Sendable (LedgerEntry) -> Duration = { entry in
        .milliseconds(5 + entry.key.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xffff } % 11)
    }

    /// Takes the workers and all that was kept along when the demo is told to end.
    private static func interrupt(
        _ number: Int32, stopping workers: DemoWorkers, removing directory: URL, and place: DemoPlace
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            workers.terminate()
            Task {
                _ = await workers.stop(within: .seconds(10))
                try? await place.clear()
                try? FileManager.default.removeItem(at: directory)
                Foundation.exit(128 + number)
            }
        }
        source.resume()
        return source
    }

    private static func note(_ text: String) {
        FileHandle.standardError.write(Data("demo: \(text)\n".utf8))
    }
}
