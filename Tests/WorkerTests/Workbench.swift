import Dispatch
import Logging
import Relier
import RelierSQLite
import RelierTesting
import Synchronization
import Testing

/// An in-process worker on an engine in memory whose connection fails on demand.
final class Workbench: Sendable {
    let engine: LossyEngine
    let relier: Relier
    private let worker: Worker
    private let running: Task<Void, any Error>

    init(
        _ tasks: [any RelierTask.Type], concurrency: Int = 4, lease: Duration = .seconds(5), grace: Duration = .seconds(1),
        signing: SigningKeys? = nil, suspectPatience: Duration? = nil, enginePatience: Duration = .seconds(60)
    ) throws {
        let quiet = RelierTestHarness.quiet
        var logger = quiet
        logger.logLevel = .critical
        engine = LossyEngine(try SQLiteEngine.inMemory(options: SQLiteOptions(logger: logger)))
        let client = ClientSettings(signing: signing, logger: logger)
        relier = Relier(engine, settings: client)
        var settings = WorkerSettings(
            concurrency: concurrency, lease: lease, gracePeriod: grace, client: client, suspectPatience: suspectPatience, logger: logger)
        settings.enginePatience = enginePatience
        let worker = Worker(engine: engine, tasks: try TaskRegistry(tasks), settings: settings)
        self.worker = worker
        running = Task { try await worker.run() }
    }

    /// Drains the worker; fails if it ended with an error.
    func end() async throws {
        worker.drain()
        try await running.value
    }

    func history(of id: TaskID) async throws -> [String] { try await details(of: id).history.map(\.outcome) }

    func details(of id: TaskID) async throws -> TaskDetails { try #require(try await engine.inspect(id)) }

    static func run(
        _ tasks: [any RelierTask.Type], lease: Duration = .seconds(5), grace: Duration = .seconds(1), signing: SigningKeys? = nil,
        suspectPatience: Duration? = nil, enginePatience: Duration = .seconds(60), _ body: (Workbench) async throws -> Void
    ) async throws {
        let bench = try Workbench(
            tasks, lease: lease, grace: grace, signing: signing, suspectPatience: suspectPatience, enginePatience: enginePatience)
        do { try await body(bench) } catch {
            try? await bench.end()
            throw error
        }
        try await bench.end()
    }
}

/// Counts what bodies did, by a label that each test makes up.
enum Tally {
    private static let counts = Mutex<[String: Int]>([:])
    static func add(_ label: String) { counts.withLock { $0[label, default: 0] += 1 } }
    static func count(_ label: String) -> Int { counts.withLock { $0[label] ?? 0 } }
}

/// Adds to the tally and returns the label.
struct Count: RelierTask {
    static let name = "count"
    var label: String
    func run(_ context: TaskContext) async throws -> String {
        Tally.add(label)
        return label
    }
}

/// Waits until its attempt is cancelled the first time, returns at once later.
struct WaitOnce: RelierTask {
    static let name = "waitOnce"
    var label: String
    func run(_ context: TaskContext) async throws -> Int {
        Tally.add(label)
        if Tally.count(label) == 1 { try await Task.sleep(for: .seconds(600)) }
        return Tally.count(label)
    }
}

/// Gates that tests open, by a label that each test makes up.
enum Gates {
    private static let opened = Mutex<Set<String>>([])
    static func open(_ label: String) { opened.withLock { _ = $0.insert(label) } }
    static func isOpen(_ label: String) -> Bool { opened.withLock { $0.contains(label) } }
}

/// Counts, waits for its gate whatever anybody says, and tells of its progress and whether it was cancelled.
struct Gated: RelierTask {
    static let name = "gated"
    static var options: TaskOptions { TaskOptions(idempotent: .automatic) }
    var label: String
    func run(_ context: TaskContext) async throws -> String {
        Tally.add(label)
        var rounds = 0
        while !Gates.isOpen(label) {
            // Not `Task.sleep`, which obeys a cancellation.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(2)) { continuation.resume() }
            }
            if Task.isCancelled { Tally.add("\(label) cancelled") }
            rounds += 1
            context.progress(rounds, of: 1_000_000)
        }
        return label
    }
}
