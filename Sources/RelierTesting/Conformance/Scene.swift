import Foundation
import Relier
import Synchronization

/// One check's engine, its second handle, and the words in which checks are written.
final class Scene: Sendable {
    let check: String
    let subject: EngineUnderTest
    let engine: any Engine
    /// Another handle on the same storage, where the engine under test has one.
    let other: any Engine

    init(check: String, subject: EngineUnderTest) async throws {
        self.check = check
        self.subject = subject
        engine = subject.engine
        other = try await subject.openAnother?() ?? subject.engine
    }

    func close() async throws {
        if subject.openAnother != nil { try await other.close() }
        try await subject.dispose()
    }

    // Expectations

    func failure(_ expectation: String) -> ConformanceFailure {
        ConformanceFailure(check: check, expectation: expectation)
    }

    func expect(_ holds: Bool, _ expectation: @autoclosure () -> String) throws {
        if !holds { throw failure(expectation()) }
    }

    func expect<Value: Equatable>(_ found: Value, is expected: Value, _ what: @autoclosure () -> String) throws {
        if found != expected { throw failure("\(what()): expected \(expected), found \(found)") }
    }

    /// That these tasks were claimed in this order, where the engine under test keeps one.
    func expectClaimed(_ found: [TaskID], is ids: [TaskID], _ what: @autoclosure () -> String) throws {
        try subject.keepsOrder ? expect(found, is: ids, what()) : expect(found.sorted(), is: ids.sorted(), what())
    }

    func unwrap<Value>(_ value: Value?, _ what: @autoclosure () -> String) throws -> Value {
        guard let value else { throw failure("\(what()): expected a value, found none") }
        return value
    }

    @discardableResult
    func expectError(_ code: EngineError.Code, _ what: String, _ body: () async throws -> Void) async throws -> EngineError {
        do {
            try await body()
        } catch let error as EngineError {
            if error.code == code { return error }
            throw failure("\(what): expected the error '\(code)', found '\(error.code)' (\(error.message))")
        }
        throw failure("\(what): expected the error '\(code)', but it succeeded")
    }

    /// Polls until `condition` holds, for at most `limit`.
    func eventually(_ what: String, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !(try await condition()) {
            if clock.now > deadline { throw failure("\(what): not so after \(limit)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Runs `body` and fails when it takes longer than `limit`.
    func promptly<Value>(_ what: String, within limit: Duration = .seconds(5), _ body: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await body()
        try expectPrompt(what, since: start, within: limit)
        return value
    }

    func expectPrompt(_ what: String, since start: ContinuousClock.Instant, within limit: Duration = .seconds(5)) throws {
        let took = start.duration(to: .now)
        try expect(took <= limit, "\(what) within \(limit); it took \(took)")
    }

    // Time

    func advance(_ duration: Duration) async throws { try await subject.advance(duration) }

    func jumpWallClock(_ duration: Duration) async throws {
        guard let jump = subject.jumpWallClock else { throw failure("the engine under test has no 'separateWallClock'") }
        try await jump(duration)
    }

    func simulateDeath(of worker: PuppetWorker) async throws {
        guard let kill = subject.simulateDeath else { throw failure("the engine under test has no 'noticesDeath'") }
        try await kill(worker.incarnation)
    }

    /// Housekeeping until nothing is left to do; the sums of all calls.
    @discardableResult
    func tend(unregisteredAfter: Duration? = nil) async throws -> TendReport {
        var sum = TendReport()
        for _ in 0..<10_000 {
            let report = try await engine.tend(batch: 500, unregisteredAfter: unregisteredAfter)
            sum.promoted += report.promoted
            sum.unregistered += report.unregistered
            sum.expired += report.expired
            sum.nextDue = report.nextDue
            if !report.remaining { return sum }
        }
        throw failure("tend came to no end: 'remaining' after 10,000 calls")
    }

    // Tasks

    func task(
        _ name: String = "work", id: TaskID = .next(), version: Int = 1, payload: String = "{}", queue: Queue = .default, due: Due = .now,
        key: String? = nil, keyTTL: Duration = .hours(1), resultTTL: Duration = .hours(1), parent: ClaimedTask? = nil
    ) -> NewTask {
        NewTask(
            envelope: Envelope(
                id: id, name: name, version: version, payload: Data(payload.utf8), enqueuedAt: EngineTime(microseconds: 0)),
            queue: queue, due: due, key: key, keyTTL: keyTTL, resultTTL: resultTTL,
            parent: parent.map { (id: $0.id, fence: $0.fence) })
    }

    /// Pushes tasks that must be new, and gives their ids.
    @discardableResult
    func accept(_ tasks: [NewTask]) async throws -> [TaskID] {
        let outcomes = try await engine.push(tasks)
        try expect(outcomes, is: Array(repeating: .accepted, count: tasks.count), "outcomes of pushing new tasks")
        return tasks.map(\.envelope.id)
    }

    @discardableResult
    func accept(_ task: NewTask) async throws -> TaskID { try await accept([task])[0] }

    func push(_ task: NewTask) async throws -> PushOutcome {
        let outcomes = try await engine.push([task])
        try expect(outcomes.count, is: 1, "outcomes of a push of one task")
        return outcomes[0]
    }

    func state(of id: TaskID) async throws -> TaskState? { try await engine.status(of: [id])[id]?.state }

    func expectState(_ state: TaskState?, of id: TaskID, _ when: String) async throws {
        try expect(try await self.state(of: id), is: state, "state of the task \(when)")
    }

    func details(of id: TaskID) async throws -> TaskDetails {
        try unwrap(try await engine.inspect(id), "inspect of a task that is kept")
    }

    // Workers

    /// Where all puppets live.
    static let host = "stage"

    func join(
        _ kinds: [TaskKind] = [TaskKind(name: "work", version: 1)], queues: [Queue] = [.default], process: TaskID = .next(),
        on engine: (any Engine)? = nil, isolated: Bool = false
    ) async throws -> PuppetWorker {
        try await PuppetWorker(
            scene: self, engine: engine ?? self.engine, kinds: kinds, queues: queues, process: process, isolated: isolated)
    }

    /// Pushes a task and has `worker` claim it and nothing else.
    func start(_ task: NewTask, on worker: PuppetWorker) async throws -> ClaimedTask {
        try await accept(task)
        return try await worker.claim(task.envelope.id, from: task.queue)
    }

    /// The only task of `worker` traps, and traps again when it runs alone: it is a dead letter.
    func convict(_ worker: PuppetWorker) async throws {
        let suspects = try await die(worker, .signalled(11)).suspects
        let alone = try await join(worker.info.kinds, queues: worker.info.queues, isolated: true)
        try expect(try await alone.claimSuspect().map { [$0.id] }, is: suspects, "the suspect")
        try expect(try await die(alone, .signalled(11)).quarantined, is: suspects, "tasks convicted")
    }

    /// The whole process of `worker` died so: releases all it held.
    @discardableResult
    func die(_ worker: PuppetWorker, _ death: Death = .signalled(9), maxResurrections: Int = 5) async throws -> ReleaseReport {
        let report = try await engine.release(
            .process(worker.info.process), death: death, limits: ReleaseLimits(maxResurrections: maxResurrections))
        try expect(!report.remaining, "a release of a few tasks leaves nothing behind")
        return report
    }
}

extension EngineConformance {
    /// Runs one check on a fresh engine and disposes of it, whatever happens.
    func scene(_ check: String = #function, _ play: (Scene) async throws -> Void) async throws {
        let name = check.hasSuffix("()") ? String(check.dropLast(2)) : check
        let scene = try await Scene(check: name, subject: try await makeEngine())
        do {
            try await play(scene)
        } catch {
            // The check's own failure says more than what goes wrong while cleaning up after it.
            try? await scene.close()
            throw error
        }
        try await scene.close()
    }
}

extension ClaimedTask {
    var id: TaskID { envelope.id }
}
