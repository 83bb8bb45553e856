public import Foundation
public import Logging
public import Relier
public import RelierSQLite
import Synchronization

/// A whole Relier inside a test: a real engine in memory, a clock that the test moves, and a real worker that runs when the test says so.
///
/// ```swift
/// let harness = try RelierTestHarness([$importAllUsers.self, $importUser.self])
/// let receipt = try await harness.push($importAllUsers())
/// try await harness.runQueued()
/// #expect(try harness.expectPushed($importUser.self).count == 3376)
/// #expect(try await harness.deadLetters().isEmpty)
/// ```
///
/// Nothing runs between two calls of ``runQueued(timeout:)``. Delays, retries and times to live follow ``clock``; timeouts of bodies are real time.
public final class RelierTestHarness: Sendable {
    /// The engine, between the test and SQLite in memory: it can be told to lose calls.
    public let engine: LossyEngine
    /// The engine below it, for tables of the program's own: `harness.sqlite.write { db in … }`.
    public let sqlite: SQLiteEngine
    public let clock: TestClock
    /// The client of the program under test.
    public let relier: Relier
    private let tasks: TaskRegistry
    private let settings: WorkerSettings

    /// - Parameters:
    ///   - tasks: what the worker can run.
    ///   - concurrency: how many bodies run at once. With 1 they run one after another, in the order in which they were pushed to a queue.
    /// - Throws: ``RegistrationError`` for tasks that can never work.
    public init(
        _ tasks: [any RelierTask.Type], concurrency: Int = 1, clock: TestClock = TestClock(),
        client: ClientSettings = ClientSettings(logger: RelierTestHarness.quiet)
    ) throws {
        self.tasks = try TaskRegistry(tasks)
        self.clock = clock
        sqlite = try SQLiteEngine.inMemory(options: SQLiteOptions(clock: clock.sqlite, logger: Self.quiet))
        engine = LossyEngine(sqlite)
        relier = Relier(engine, settings: client)
        let queues = Set(tasks.map { $0.options.queue }).union([.default])
        settings = WorkerSettings(
            concurrency: concurrency, queues: queues.sorted { $0.name < $1.name }.map { WeightedQueue($0) }, name: "test",
            gracePeriod: .seconds(1), client: client, resurrection: nil, logger: Self.quiet)
    }

    /// A logger for tests: errors only.
    public static let quiet: Logger = {
        var logger = Logger(label: "relier.test")
        logger.logLevel = .error
        return logger
    }()

    // Pushing

    /// Pushes as the program would. See ``Relier/Relier/push(_:after:at:id:onSaturation:)``.
    @discardableResult
    public func push<Work: RelierTask>(
        _ task: Work, after delay: Duration? = nil, at date: Date? = nil, id: TaskID? = nil
    ) async throws -> TaskReceipt<Work.Output> {
        try await relier.push(task, after: delay, at: date, id: id)
    }

    /// Pushes many as the program would. See ``Relier/Relier/push(contentsOf:after:at:onSaturation:)``.
    @discardableResult
    public func push<Work: RelierTask>(contentsOf tasks: [Work], after delay: Duration? = nil) async throws -> [TaskReceipt<Work.Output>] {
        try await relier.push(contentsOf: tasks, after: delay)
    }

    /// Every task of this type that was accepted so far, by whomever it was pushed, in order; duplicates were not accepted.
    /// - Throws: ``NothingPushed`` when there is none; `DecodingError` when its arguments do not come back from JSON.
    @discardableResult
    public func expectPushed<Work: RelierTask>(_ type: Work.Type) throws -> [Work] {
        let pushed = try self.pushed(type)
        if pushed.isEmpty { throw NothingPushed(name: type.name, others: Array(Set(engine.accepted.map(\.envelope.name))).sorted()) }
        return pushed
    }

    /// The same for a test that expects none, or does not mind: empty when there is none.
    public func pushed<Work: RelierTask>(_ type: Work.Type) throws -> [Work] {
        try engine.accepted.filter { $0.envelope.name == type.name }.map { try CanonicalJSON.decode(type, from: $0.envelope.payload) }
    }

    // Running

    /// Runs what is due, and what that pushes, until nothing is due any more.
    ///
    /// Tasks that wait for a later time, for a key, or for a worker that knows their name stay where they are.
    /// - Parameter timeout: the longest wait, in real time.
    /// - Throws: ``StillRunning`` when the time was up; what runs then is handed back to its queue.
    public func runQueued(timeout: Duration = .seconds(30)) async throws {
        let worker = Worker(engine: engine, tasks: tasks, settings: settings)
        let running = Task { try await worker.run() }
        do {
            try await untilIdle(by: .now + timeout, timeout)
        } catch {
            worker.handOver()
            _ = await running.result
            throw error
        }
        worker.drain()
        try await running.value
    }

    /// Lets time pass on ``clock``, and queues what has become due. ``runQueued(timeout:)`` then runs it.
    public func advance(by duration: Duration) async throws {
        clock.advance(by: duration)
        while try await engine.tend(batch: 1000, unregisteredAfter: nil).remaining {}
    }

    private func untilIdle(by deadline: ContinuousClock.Instant, _ timeout: Duration) async throws {
        let served = Set(settings.queues.map(\.queue))
        while true {
            let busy = try await engine.queues().filter { served.contains($0.queue) && $0.queued + $0.recovered + $0.running > 0 }
            if busy.isEmpty {
                let report = try await engine.tend(batch: 1000, unregisteredAfter: nil)
                if report.promoted == 0 && !report.remaining { return }
                continue
            }
            if ContinuousClock.now >= deadline {
                throw StillRunning(
                    running: busy.reduce(0) { $0 + $1.running }, queued: busy.reduce(0) { $0 + $1.queued + $1.recovered }, after: timeout)
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    // Looking

    /// What is in the dead letter queue, up to 1,000.
    public func deadLetters() async throws -> [DeadLetterSummary] {
        try await engine.deadLetters(DeadLetterQuery(limit: 1000)).items
    }

    /// Puts a dead letter back into its queue, as an operator does.
    /// - Throws: ``EngineError`` `notFound`, or `conflict` naming who holds its key.
    public func release(_ deadLetter: TaskID, fresh: Bool = false) async throws {
        try await engine.releaseDeadLetter(deadLetter, fresh: fresh)
    }

    /// Everything known of a task; `nil` when it is not known.
    public func inspect(_ id: TaskID) async throws -> TaskDetails? { try await engine.inspect(id) }
}
