import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

/// What concerns two partitions is done in two steps. These die between them, and somebody else finds what was left.
@Suite("Partitions, and who dies between two of them", .serialized)
struct PartitionTests {
    private let namespace = "p-\(UUID().uuidString)"
    private let partitions = 4

    /// - Parameter isDoomed: it dies before the second step of whatever concerns two partitions.
    private func engine(isDoomed: Bool = false, partitions: Int? = nil) async throws -> RedisEngine {
        var options = RedisOptions(namespace: namespace, partitions: partitions ?? self.partitions)
        options.movesClocks = true
        options.losesMail = isDoomed
        return try await RedisEngine.connect(try await RedisServer.shared.value.url, options: options)
    }

    private func task(
        _ name: String = "work", id: TaskID = .next(), key: String? = nil, limits: [LimitKey] = [],
        parent: (id: TaskID, fence: Fence)? = nil
    ) -> NewTask {
        NewTask(
            envelope: Envelope(
                id: id, name: name, version: 1, payload: Data("{}".utf8), enqueuedAt: EngineTime(microseconds: 0)),
            key: key, parent: parent, limits: limits)
    }

    private let limit = LimitKey(LimitRule(task: "work", kind: .keyConcurrency, arguments: ["k"], maximum: 100), key: "x")

    private func worker(_ process: TaskID = .next()) -> WorkerInfo {
        WorkerInfo(
            incarnation: .next(), process: process, name: "w", host: "h", pid: 1, queues: [.default], concurrency: 10,
            kinds: [TaskKind(name: "work", version: 1), TaskKind(name: "other", version: 1)], lease: .seconds(5))
    }

    private func claim(_ engine: RedisEngine, _ worker: WorkerInfo, _ number: Int64, _ limit: Int = 100) async throws -> [ClaimedTask] {
        try await engine.claim(
            ClaimRequest(
                incarnation: worker.incarnation, number: number, shares: [QueueShare(queue: .default, slots: limit)], limit: limit))
    }

    /// A key whose partition is not that of tasks with limits.
    private func foreignKey(_ engine: RedisEngine, _ prefix: String = "k") -> String {
        let home = engine.partitions.home(of: task(limits: [limit]))
        return (0..<1000).lazy.map { "\(prefix)\($0)" }.first { engine.partitions.home(ofKey: KeyHash.of($0)) != home } ?? prefix
    }

    /// A key taken by hand of another partition than the task's.
    private func foreignHand(_ engine: RedisEngine, _ id: TaskID) -> String {
        let home = engine.partitions.home(of: id)
        return (0..<1000).lazy.map { "hand \($0)" }.first { engine.partitions.home(ofKey: KeyHash.of($0)) != home } ?? ""
    }

    private func dies(_ body: () async throws -> Void) async {
        await #expect(throws: EngineError.self) { try await body() }
    }

    private func settle(_ engine: RedisEngine, _ task: ClaimedTask, _ outcome: Settlement.Outcome) async throws {
        #expect(try await engine.settle([Settlement(task: task.envelope.id, fence: task.fence, outcome: outcome)]) == [.done])
    }

    private func state(_ engine: RedisEngine, _ id: TaskID) async throws -> TaskState? { try await engine.status(of: [id])[id]?.state }

    @Test("the number of partitions is fixed when a namespace is created")
    func fixedNumber() async throws {
        let first = try await engine()
        let error = await #expect(throws: EngineError.self) { try await engine(partitions: 2) }
        #expect(error?.code == .failed && error?.message.contains("has 4 partitions, not 2; set partitions to 4") == true)
        try await first.close()
    }

    @Test("a namespace that is older than the number has one")
    func oldNamespace() async throws {
        let old = try await engine(partitions: 1)
        _ = try await old.push([task()])
        _ = try await old.tamper("DEL", Array(":partitions".utf8), [])
        await #expect(throws: EngineError.self) { try await engine() }
        try await engine(partitions: 1).close()
        try await old.close()
    }

    @Test("a key that was reserved for a push that never came is taken over, and the push is refused should it come")
    func reservation() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let key = foreignKey(other)
        let lost = task(key: key, limits: [limit])
        await dies { _ = try await doomed.push([lost]) }
        let next = task(key: key, limits: [limit])
        #expect(try await other.push([next]) == [.accepted])
        #expect(try await state(other, lost.envelope.id) == nil)
        #expect(try await other.push([lost]) == [.duplicate(by: next.envelope.id)])
        // Without limits the key is where it was.
        #expect(try await other.push([task("other", key: key)]) == [.duplicate(by: next.envelope.id)])
        try await doomed.close()
        try await other.close()
    }

    @Test("a late push under a reservation that was taken over is refused")
    func lateReservation() async throws {
        let engine = try await engine()
        let key = foreignKey(engine)
        let (late, next) = (task(key: key, limits: [limit]), task(key: key, limits: [limit]))
        let (hash, home) = (KeyHash.of(key), engine.partitions.home(of: late))
        guard
            case .free(let operation) = try await engine.partitions.servers[engine.partitions.home(ofKey: hash)]
                .reserve([(hash, late.envelope.id, 7)], for: home)[0]
        else { throw Missing("the key is not free") }
        #expect(try await engine.push([next]) == [.accepted])
        let call = PushCall([late], reservations: [0: KeyReservation(operation: operation, token: 7)])
        #expect(try call.answers(try await engine.partitions.servers[home].push(call)) == [.lost])
        #expect(try await state(engine, late.envelope.id) == nil)
        try await engine.close()
    }

    @Test("a key whose owner has ended unheard is found free, or completed", arguments: [true, false])
    func endUnheard(commits: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        let key = foreignKey(other)
        let owner = task(key: key, limits: [limit])
        #expect(try await other.push([owner]) == [.accepted])
        let claimed = try await claim(other, info, 1)[0]
        try await settle(
            doomed, claimed,
            commits ? .commit(result: Data("1".utf8)) : .quarantine(reason: "E", message: "m", keyHeld: false))
        let outcome = try await other.push([task("other", key: key)])
        #expect(outcome == (commits ? [.duplicate(by: owner.envelope.id)] : [.accepted]))
        try await doomed.close()
        try await other.close()
    }

    @Test("a dead letter whose release never came leaves its key free")
    func release() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        let key = foreignKey(other)
        let letter = task(key: key, limits: [limit])
        #expect(try await other.push([letter]) == [.accepted])
        try await settle(other, try await claim(other, info, 1)[0], .quarantine(reason: "E", message: "m", keyHeld: false))
        await dies { try await doomed.releaseDeadLetter(letter.envelope.id, fresh: false) }
        try await other.releaseDeadLetter(letter.envelope.id, fresh: false)
        let again = try await claim(other, info, 2)[0]
        #expect(again.envelope.id == letter.envelope.id)
        try await settle(other, again, .quarantine(reason: "E", message: "m", keyHeld: false))
        await dies { try await doomed.releaseDeadLetter(letter.envelope.id, fresh: false) }
        let next = task("other", key: key)
        #expect(try await other.push([next]) == [.accepted])
        await #expect(throws: EngineError.self) { try await other.releaseDeadLetter(letter.envelope.id, fresh: false) }
        try await doomed.close()
        try await other.close()
    }

    @Test("a dead letter is not released while its body still runs and holds its key in another partition")
    func releaseOfRunning() async throws {
        let engine = try await engine()
        let info = worker()
        _ = try await engine.join(info)
        let letter = task(key: foreignKey(engine), limits: [limit])
        #expect(try await engine.push([letter]) == [.accepted])
        let claimed = try await claim(engine, info, 1)[0]
        try await settle(engine, claimed, .quarantine(reason: "E", message: "m", keyHeld: true))
        let error = await #expect(throws: EngineError.self) { try await engine.releaseDeadLetter(letter.envelope.id, fresh: false) }
        #expect(error?.code == .conflict)
        try await engine.bodyReturned(letter.envelope.id, fence: claimed.fence)
        try await engine.releaseDeadLetter(letter.envelope.id, fresh: false)
        try await engine.close()
    }

    @Test("a key that was noted and never taken is anybody's")
    func noted() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push([task(), task()])
        let tasks = try await claim(other, info, 1)
        let key = foreignHand(other, tasks[0].envelope.id)
        _ = try await doomed.acquireKey(key, for: tasks[0].envelope.id, fence: tasks[0].fence)
        #expect(try await other.acquireKey(key, for: tasks[1].envelope.id, fence: tasks[1].fence) == .acquired)
        #expect(try await other.acquireKey(key, for: tasks[0].envelope.id, fence: tasks[0].fence) == .held(by: tasks[1].envelope.id))
        try await doomed.close()
        try await other.close()
    }

    @Test("who waits for a key goes on, though its holder's end, its value or the wait itself was not told of", arguments: 0..<4)
    func waiters(how: Int) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push((0..<6).map { _ in task() })
        let tasks = try await claim(other, info, 1)
        let holder = tasks[0]
        let key = foreignHand(other, holder.envelope.id)
        #expect(try await other.acquireKey(key, for: holder.envelope.id, fence: holder.fence) == .acquired)
        let waiting = tasks[1...]
        for waiter in waiting {
            #expect(try await other.acquireKey(key, for: waiter.envelope.id, fence: waiter.fence) == .held(by: holder.envelope.id))
            try await settle(how == 3 ? doomed : other, waiter, .snooze(key: key))
            #expect(try await state(other, waiter.envelope.id) == .waiting)
        }
        switch how {
        case 0: try await settle(doomed, holder, .commit(result: Data("1".utf8)))
        case 1: try await doomed.settleKey(key, for: holder.envelope.id, fence: holder.fence, value: KeyValue(value: nil, ttl: .hours(1)))
        case 2:
            _ = try await doomed.release(.process(info.process), death: .signalled(9), limits: ReleaseLimits(maxResurrections: 0))
            _ = try await other.leases()
            _ = try await other.release(.process(info.process), death: .signalled(9), limits: ReleaseLimits(maxResurrections: 0))
        default: try await settle(other, holder, .commit(result: Data("1".utf8)))
        }
        for _ in 0..<3 { _ = try await other.tend(batch: 100, unregisteredAfter: nil) }
        for waiter in waiting { #expect(try await state(other, waiter.envelope.id) == .queued) }
        let next = worker()
        _ = try await other.join(next)
        let again = try await claim(other, next, 1)
        let answer = try await other.acquireKey(key, for: again[0].envelope.id, fence: again[0].fence)
        #expect(answer == (how == 1 ? .completed(nil) : .acquired))
        try await doomed.close()
        try await other.close()
    }

    @Test("a child whose parent was not told of it is pushed once")
    func child() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push([task()])
        let parent = try await claim(other, info, 1)[0]
        let id = TaskID.next()
        await dies { _ = try await doomed.push([task("other", id: id, parent: (id: parent.envelope.id, fence: parent.fence))]) }
        #expect(try await state(other, id) == .queued)
        // Also by code that has given its kind limits.
        let again = task("other", id: id, limits: [limit], parent: (id: parent.envelope.id, fence: parent.fence))
        #expect(try await other.push([again]) == [.known])
        try await doomed.close()
        try await other.close()
    }

    @Test("room that was reserved and not used is missing until the window ends, and never more is admitted")
    func admission() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let policy = AdmissionPolicy(limit: 5, window: .minutes(1))
        let known = task()
        #expect(try await other.push([known], admission: policy) == [.accepted])
        #expect(try await doomed.push([known, known, known], admission: policy) == [.known, .known, .known])
        let outcomes = try await other.push((0..<5).map { _ in task() }, admission: policy)
        #expect(outcomes.filter { $0 == .accepted }.count == 1)
        try await other.moveClocks(engine: .minutes(2), wall: .minutes(2))
        #expect(try await other.push((0..<5).map { _ in task() }, admission: policy).allSatisfy { $0 == .accepted })
        try await doomed.close()
        try await other.close()
    }

    @Test("who dies while it counts the backlog holds others up for two seconds at most")
    func backlog() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let policy = AdmissionPolicy(limit: nil, maxBacklog: 3)
        #expect(try await doomed.push([task()], admission: policy) == [.accepted])
        let start = ContinuousClock.now
        let outcomes = try await other.push((0..<3).map { _ in task() }, admission: policy)
        #expect(outcomes.filter { $0 == .accepted }.count == 2)
        #expect(start.duration(to: .now) < .seconds(5))
        try await doomed.close()
        try await other.close()
    }

    @Test("when all has ended, nothing is left of what went between partitions")
    func growth() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        var options = RedisOptions(namespace: namespace, partitions: partitions)
        options.movesClocks = true
        let engine = try await RedisEngine.connect(server.url, options: options)
        let info = worker()
        _ = try await engine.join(info)
        _ = try await engine.push((0..<50).map { task(key: "k\($0)", limits: [limit]) }, admission: AdmissionPolicy())
        _ = try await engine.push((0..<20).map { _ in task("other") })
        for number in 1...3 {
            let claimed = try await claim(engine, info, Int64(number), 40)
            for (index, task) in claimed.enumerated() {
                let answer = try await engine.acquireKey("hand \(index % 7)", for: task.envelope.id, fence: task.fence)
                if case .held = answer, number < 3 {
                    try await settle(engine, task, .snooze(key: "hand \(index % 7)"))
                } else {
                    try await settle(
                        engine, task,
                        index.isMultiple(of: 3)
                            ? .quarantine(reason: "E", message: "m", keyHeld: false) : .commit(result: Data("1".utf8)))
                }
            }
        }
        for number in 4...20 {
            for task in try await claim(engine, info, Int64(number)) { try await settle(engine, task, .commit(result: Data("1".utf8))) }
        }
        try await engine.leave(info.incarnation)
        try await engine.moveClocks(engine: .days(100), wall: .days(100))
        for _ in 0..<100 where try await engine.tend(batch: 1000, unregisteredAfter: nil).remaining {}
        let left = try await server.keys().map { $0.split(separator: ":").dropFirst(2).first.map(String.init) ?? "" }
        #expect(Set(left).isDisjoint(with: ["out", "kf", "af", "ticks", "g", "o", "aw", "aws", "a"]), "\(Set(left))")
        try await engine.close()
    }

    @Test("a recorded tick whose tasks were not pushed is pushed by the next scheduler, or the housekeeping", arguments: [true, false])
    func tick(byScheduler: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let definition = ScheduleDefinition(name: "often", expression: "every 5m", zone: nil)
        try await other.announceSchedules([definition], withdrawing: [])
        var settled = try #require(try await other.schedules().schedules.first?.settled)
        func next(_ tasks: [NewTask]) -> ScheduleTick {
            let end = TickTime(microseconds: settled.microseconds + 1)
            defer { settled = end }
            return ScheduleTick(definition: definition, after: settled, settled: end, latest: end, tasks: tasks)
        }
        let lost = (0..<8).map { task(key: "tick \($0)", limits: $0 % 2 == 0 ? [limit] : []) }
        await dies { _ = try await doomed.tick([next(lost)]) }
        #expect(try await other.status(of: lost.map(\.envelope.id)).isEmpty)
        if byScheduler {
            #expect(try await other.tick([next([task()])]) == [.recorded([.accepted])])
        } else {
            _ = try await other.tend(batch: 10, unregisteredAfter: nil)
            #expect(try await other.schedules().schedules.first?.lastTask == lost.last?.envelope.id)
        }
        #expect(try await other.status(of: lost.map(\.envelope.id)).count == lost.count)
        try await doomed.close()
        try await other.close()
    }

    @Test("a worker whose join, leave or release came to the first partition alone is gone in the end", arguments: [true, false])
    func members(releases: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await (releases ? other : doomed).join(info)
        _ = try await other.push((0..<40).map { _ in task() })
        if releases {
            let claimed = try await claim(other, info, 1)
            #expect(claimed.count == 40)
            _ = try await doomed.release(.process(info.process), death: .signalled(9), limits: ReleaseLimits())
        }
        let sighting = try #require(try await other.leases().first)
        #expect(sighting.incarnation == info.incarnation)
        let report = try await other.release(
            .incarnation(info.incarnation, counter: sighting.counter), death: .leaseEnded, limits: ReleaseLimits())
        #expect(!report.remaining)
        #expect(try await other.leases().isEmpty)
        #expect(try await other.workers().isEmpty)
        let next = worker()
        _ = try await other.join(next)
        #expect(try await claim(other, next, 1).count == 40)
        try await doomed.close()
        try await other.close()
    }

    @Test("a worker whose leave did not come to the first partition is gone when its lease has ended")
    func leave() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push((0..<40).map { _ in task() })
        #expect(try await claim(other, info, 1).count == 40)
        try await doomed.leave(info.incarnation)
        let counter = try #require(try await other.leases().first?.counter)
        let target = ReleaseTarget.incarnation(info.incarnation, counter: counter)
        #expect(try await !other.release(target, death: .leaseEnded, limits: ReleaseLimits()).remaining)
        #expect(try await other.leases().isEmpty)
        let next = worker()
        _ = try await other.join(next)
        #expect(try await claim(other, next, 1).count == 40)
        try await doomed.close()
        try await other.close()
    }

    @Test("a release by an old counter leaves a live worker's tasks alone in all partitions")
    func oldCounter() async throws {
        let engine = try await engine()
        let info = worker()
        let lease = try await engine.join(info)
        _ = try await engine.push((0..<40).map { _ in task() })
        let claimed = try await claim(engine, info, 1)
        let counter = try #require(try await engine.leases().first?.counter)
        let held = Dictionary(uniqueKeysWithValues: claimed.map { ($0.envelope.id, $0.fence) })
        #expect(try lease.renew(holding: held, settledThrough: 1) == .renewed(lost: [], strays: 0))
        let report = try await engine.release(
            .incarnation(info.incarnation, counter: counter), death: .leaseEnded, limits: ReleaseLimits())
        #expect(report.requeued.isEmpty)
        #expect(try lease.renew(holding: held, settledThrough: 1) == .renewed(lost: [], strays: 0))
        try await engine.close()
    }

    @Test("a wake-up that went to a worker that has work already is passed on")
    func passedOn() async throws {
        let engine = try await engine()
        let (first, second) = (worker(), worker())
        for info in [first, second] { _ = try await engine.join(info) }
        for _ in 0..<5 {
            let waits = [first, second].map { info in
                Task { await engine.awaitWork(info.incarnation, queues: [.default], timeout: .seconds(60)) }
            }
            try await Task.sleep(for: .milliseconds(200))  // waits: until both stand in all partitions
            let start = ContinuousClock.now
            // Two tasks at once in different partitions: both wake whoever is first in line.
            let tasks = (0..<8).map { _ in task() }
            _ = try await engine.push(tasks)
            for wait in waits { await wait.value }
            #expect(start.duration(to: .now) < .seconds(5))
            let number = Int64.random(in: 1...1_000_000)
            let claimed = try await claim(engine, first, number)
            #expect(claimed.count == 8)
            for task in claimed { try await settle(engine, task, .commit(result: Data("1".utf8))) }
        }
        try await engine.close()
    }
}
