import Relier
import RelierSQLite
import RelierTesting
import Synchronization
import Testing

@Suite("Admission, as a client and a body meet it") struct AdmissionTests {
    private let clock = TestClock()

    private func client(_ policy: AdmissionPolicy, clock: SQLiteClock? = nil) throws -> (Relier, LossyEngine) {
        let options = SQLiteOptions(clock: clock ?? self.clock.sqlite, logger: RelierTestHarness.quiet)
        let engine = LossyEngine(try SQLiteEngine.inMemory(options: options))
        return (Relier(engine, settings: ClientSettings(admission: policy, logger: RelierTestHarness.quiet)), engine)
    }

    /// Suspends until so many tasks are in.
    private func accepted(_ count: Int, by engine: LossyEngine) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while engine.accepted.count < count {
            try #require(ContinuousClock.now < deadline, "\(count) tasks were not accepted within 30 s")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func tasks(_ numbers: Range<Int>) -> [Count] { numbers.map { Count(label: "\($0)") } }

    @Test func aRejectedPushSaysWhenToReturn() async throws {
        let policy = AdmissionPolicy(limit: 1, window: .seconds(10))
        let (relier, engine) = try client(policy)
        try await relier.push(Count(label: "a"))
        clock.advance(by: .milliseconds(6800))
        let error = await #expect(throws: AdmissionRejectedError.self) { try await relier.push(Count(label: "b")) }
        #expect(error?.retryAfter == .milliseconds(3200))
        #expect(error?.cause == .window)
        #expect(error?.policy == policy)
        #expect(
            error?.description
                == "not admitted: the limit of 1 tasks in 10.0 s is reached; push again in 3.2 s, or wait with onSaturation: .wait")
        #expect(engine.accepted.count == 1)
        // A client without a policy is not limited, and not counted.
        try await Relier(engine).push(contentsOf: tasks(0..<3))
        #expect(try await engine.admission().window?.admitted == 1)
    }

    @Test func aBatchThatFitsInPartCarriesWhatIsInAndTheRest() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 3, window: .seconds(10)))
        let error = await #expect(throws: PartialPushError<Count>.self) { try await relier.push(contentsOf: tasks(0..<5)) }
        #expect(error?.remaining.map(\.label) == ["3", "4"])
        #expect(error?.receipts.map(\.id) == engine.accepted.map(\.envelope.id))
        #expect(error?.retryAfter == .seconds(10))
        let rejected = try #require(error.flatMap { AdmissionRejectedError(in: $0) })
        #expect(rejected.cause == .window)
        // Nothing fits: the same error, without receipts.
        let full = await #expect(throws: PartialPushError<Count>.self) { try await relier.push(contentsOf: tasks(5..<7)) }
        #expect(full?.receipts.isEmpty == true)
        #expect(full?.remaining.count == 2)
        clock.advance(by: .seconds(10))
        try await relier.push(contentsOf: error?.remaining ?? [])
        #expect(engine.accepted.count == 5)
    }

    @Test func aWaitingPushIsAdmittedWindowByWindow() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 4, window: .milliseconds(200)), clock: .system)
        let start = ContinuousClock.now
        let receipts = try await relier.push(contentsOf: tasks(0..<10), onSaturation: .wait)
        // The third window opens when two have ended.
        #expect(start.duration(to: .now) >= .milliseconds(400))
        #expect(receipts.map(\.id) == engine.accepted.map(\.envelope.id))
        #expect(receipts.count == 10)
    }

    @Test func aWaitHasItsBound() async throws {
        let (relier, _) = try client(AdmissionPolicy(limit: 1, window: .hours(1)))
        try await relier.push(Count(label: "a"))
        let start = ContinuousClock.now
        await #expect(throws: AdmissionRejectedError.self) {
            try await relier.push(Count(label: "b"), onSaturation: .wait(upTo: .milliseconds(50)))
        }
        #expect(start.duration(to: .now) >= .milliseconds(50))
        await #expect(throws: AdmissionRejectedError.self) {
            try await relier.push(Count(label: "b"), onSaturation: .wait(upTo: .zero))
        }
    }

    @Test func aWaitIsCancelledWithItsCaller() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 2, window: .hours(1)))
        let batch = tasks(0..<3)
        let waiting = Task { try await relier.push(contentsOf: batch, onSaturation: .wait) }
        try await accepted(2, by: engine)
        waiting.cancel()
        let error = await #expect(throws: PartialPushError<Count>.self) { try await waiting.value }
        #expect(error?.cause is CancellationError)
        #expect(error?.remaining.map(\.label) == ["2"])
        let single = Task { try await relier.push(Count(label: "b"), onSaturation: .wait) }
        single.cancel()
        await #expect(throws: CancellationError.self) { try await single.value }
        #expect(engine.accepted.count == 2)
    }

    /// Without an answer nothing comes in.
    @Test func withoutAnEngineAPushFails() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 2, window: .hours(1)))
        engine.inject(.unavailable, into: .push, times: 2)
        for behaviour in [OnSaturation.throw, .wait] {
            let error = await #expect(throws: EngineError.self) { try await relier.push(Count(label: "a"), onSaturation: behaviour) }
            #expect(error?.code == .unavailable)
        }
        #expect(engine.accepted.isEmpty)
    }

    /// What came in before an outage is not forgotten, and the rest is told from it.
    @Test func anOutageInTheMiddleOfAWaitTellsWhatIsIn() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 2, window: .milliseconds(100)), clock: .system)
        let batch = tasks(0..<5)
        let waiting = Task { try await relier.push(contentsOf: batch, onSaturation: .wait) }
        try await accepted(2, by: engine)
        engine.failEverything(.unavailable)
        let error = await #expect(throws: PartialPushError<Count>.self) { try await waiting.value }
        #expect((error?.cause as? EngineError)?.code == .unavailable)
        let (receipts, remaining) = try #require(error.map { ($0.receipts, $0.remaining) })
        #expect(receipts.count == engine.accepted.count)
        #expect(remaining.map(\.label) == Array(batch.map(\.label).dropFirst(receipts.count)))
        engine.failEverything(nil)
        try await relier.push(contentsOf: remaining, onSaturation: .wait)
        #expect(engine.accepted.count == 5)
    }

    @Test func aPushSentAgainAfterALostReplyIsCountedOnce() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 1, window: .hours(1)))
        engine.inject(.replyLost, into: .push)
        let unknown = await #expect(throws: PushOutcomeUnknown.self) { try await relier.push(Count(label: "a")) }
        let id = try #require(unknown?.ids.first)
        let receipt = try await relier.push(Count(label: "a"), id: id)
        #expect(receipt.isDuplicate)
        #expect(try await engine.admission().window?.admitted == 1)
    }

    // Inside a body

    @Test func aBodyWaitsForItsWindowsAndPassesTheBacklog() async throws {
        let policy = AdmissionPolicy(limit: 5, window: .milliseconds(100), maxBacklog: 1, maxAge: .milliseconds(1))
        let (relier, engine) = try client(policy, clock: .system)
        let worker = Worker(
            engine: engine, tasks: try TaskRegistry([FanOut.self, Count.self]),
            settings: WorkerSettings(concurrency: 4, client: relier.settings, logger: RelierTestHarness.quiet))
        let running = Task { try await worker.run() }
        let receipt = try await relier.push(FanOut(children: 12))
        let result = await Result { try await receipt.value(timeout: .seconds(30)) }
        worker.handOver()
        try await running.value
        #expect(try result.get() == 12)
        #expect(engine.accepted.count { $0.parent != nil } == 12)
    }

    @Test func aHardTimeoutEndsTheWaitOfABody() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 3, window: .hours(1)), clock: .system)
        let worker = Worker(
            engine: engine, tasks: try TaskRegistry([Impatient.self, Count.self]),
            settings: WorkerSettings(concurrency: 4, client: relier.settings, logger: RelierTestHarness.quiet))
        let running = Task { try await worker.run() }
        let receipt = try await relier.push(Impatient(children: 5))
        let result = await Result { try await receipt.value(timeout: .seconds(30)) }
        worker.handOver()
        try await running.value
        #expect(throws: TaskQuarantined.self) { try result.get() }
        #expect(try await engine.inspect(receipt.id)?.reason == "TimeoutError")
        #expect(engine.accepted.count { $0.parent != nil } == 2)
    }

    @Test func aBodyThatAsksForItIsRejected() async throws {
        let (relier, engine) = try client(AdmissionPolicy(limit: 3, window: .hours(1)), clock: .system)
        let worker = Worker(
            engine: engine, tasks: try TaskRegistry([Picky.self, Count.self]),
            settings: WorkerSettings(concurrency: 4, client: relier.settings, logger: RelierTestHarness.quiet))
        let running = Task { try await worker.run() }
        let receipt = try await relier.push(Picky(children: 5))
        let result = await Result { try await receipt.value(timeout: .seconds(30)) }
        worker.handOver()
        try await running.value
        #expect(try result.get() == "2 in, 3 out; the next is out, too")
    }
}

/// Pushes half of its children together, the others one by one.
private struct FanOut: RelierTask {
    static let name = "fanOut"
    var children: Int
    func run(_ context: TaskContext) async throws -> Int {
        let half = try await context.push(contentsOf: (0..<children / 2).map { Count(label: "first \($0)") })
        var count = half.count
        for number in children / 2..<children {
            try await context.push(Count(label: "second \(number)"))
            count += 1
        }
        return count
    }
}

/// Pushes more than fits into the window in the time that it has.
private struct Impatient: RelierTask {
    static let name = "impatient"
    static var options: TaskOptions { TaskOptions(hardTimeout: .milliseconds(400)) }
    var children: Int
    func run(_ context: TaskContext) async throws -> NoOutput {
        try await context.push(contentsOf: (0..<children).map { Count(label: "\($0)") })
        return NoOutput()
    }
}

/// Does not wait.
private struct Picky: RelierTask {
    static let name = "picky"
    var children: Int
    func run(_ context: TaskContext) async throws -> String {
        do {
            try await context.push(contentsOf: (0..<children).map { Count(label: "\($0)") }, onSaturation: .throw)
            return "all in"
        } catch let error as PartialPushError<Count> {
            do {
                try await context.push(Count(label: "one more"), onSaturation: .throw)
                return "one more in"
            } catch is AdmissionRejectedError {
                return "\(error.receipts.count) in, \(error.remaining.count) out; the next is out, too"
            }
        }
    }
}
