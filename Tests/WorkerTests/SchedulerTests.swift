import Foundation
import Relier
import RelierSQLite
import RelierTesting
import Testing

/// Schedulers over real handles on one file, on clocks that the test moves.
@Suite struct SchedulerTests {
    struct Minutely: RelierTask {
        static let name = "minutely"
        static var options: TaskOptions { TaskOptions(schedule: .every(.seconds(60))) }
        var count: Int?
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }
    struct Nightly: RelierTask {
        static let name = "nightly"
        static var options: TaskOptions { TaskOptions(schedule: .cron("30 2 * * *", in: "Europe/Berlin")) }
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }
    /// The same task after a change of its program.
    struct NightlyLater: RelierTask {
        static let name = "nightly"
        static var options: TaskOptions { TaskOptions(schedule: .cron("30 4 * * *", in: "Europe/Berlin")) }
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }
    struct NightlyByHand: RelierTask {
        static let name = "nightly"
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }
    struct Keyed: RelierTask {
        static let name = "keyed"
        static var options: TaskOptions { TaskOptions(idempotent: .automatic, schedule: .every(.seconds(60))) }
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }

    /// One process that schedules: its own handle on the file.
    final class Process: Sendable {
        let engine: LossyEngine
        let scheduler: Scheduler

        init(_ path: String, _ clock: TestClock, _ tasks: [any RelierTask.Type], window: Duration = .hours(1)) throws {
            engine = LossyEngine(try SQLiteEngine(path: path, options: SQLiteOptions(clock: clock.sqlite)))
            scheduler = Scheduler(
                engine: engine, tasks: try TaskRegistry(tasks), settings: SchedulingSettings(catchUpWindow: window),
                logger: RelierTestHarness.quiet)
        }

        @discardableResult func pass() async throws -> Duration {
            var replaced: Set<String> = []
            return try await scheduler.pass(&replaced)
        }

        /// The ids of what was queued, by anybody.
        func queued() async throws -> [TaskID] {
            try await engine.tasks(TaskQuery(state: .queued, limit: 1000)).items.map(\.id)
        }
    }

    private func with(_ date: String, _ body: (String, TestClock) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-schedules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let clock = TestClock(date: try #require(ISO8601DateFormatter().date(from: date)))
        try await body(directory.appendingPathComponent("relier.db").path, clock)
    }

    private func tick(_ name: String, _ date: String) throws -> TaskID {
        let date = try #require(ISO8601DateFormatter().date(from: date))
        return .tick(of: name, at: TickTime(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000))
    }

    @Test func twoSchedulersPushEachTickOnce() async throws {
        try await with("2026-11-22T10:00:30Z") { path, clock in
            let processes = try (0..<2).map { _ in try Process(path, clock, [Minutely.self]) }
            for process in processes { try await process.scheduler.announce() }
            for _ in 0..<120 {
                clock.advance(by: .seconds(15))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for process in processes { group.addTask { try await process.pass() } }
                    try await group.waitForAll()
                }
            }
            let accepted = processes.flatMap { $0.engine.accepted.map(\.envelope.id) }
            let start = try #require(ISO8601DateFormatter().date(from: "2026-11-22T10:00:00Z"))
            let expected = (1...30).map { minute in
                TaskID.tick(
                    of: "minutely", at: TickTime(microseconds: Int64(start.timeIntervalSince1970 + Double(minute) * 60) * 1_000_000))
            }
            #expect(accepted.count == 30)
            #expect(Set(accepted) == Set(expected))
            #expect(try await Set(processes[0].queued()) == Set(expected))
            for process in processes { try await process.engine.close() }
        }
    }

    @Test func aRestartOverATickMakesUpForItOnce() async throws {
        try await with("2026-11-22T01:00:00Z") { path, clock in
            let first = try Process(path, clock, [Nightly.self, Minutely.self])
            try await first.scheduler.announce()
            try await first.pass()
            try await first.engine.close()
            // 2:30 in Berlin passes while nobody schedules.
            clock.advance(by: .minutes(40))
            for _ in 0..<2 {
                let again = try Process(path, clock, [Nightly.self, Minutely.self])
                try await again.scheduler.announce()
                try await again.pass()
                try await again.engine.close()
            }
            let reader = try Process(path, clock, [])
            let queued = try await reader.queued()
            #expect(queued.count == 41)
            #expect(queued.filter { $0 == (try? tick("nightly", "2026-11-22T01:30:00Z")) }.count == 1)
            #expect(Set(queued).count == 41)
            try await reader.engine.close()
        }
    }

    @Test func whatIsOlderThanTheWindowIsNotMadeUpFor() async throws {
        try await with("2026-11-22T01:00:00Z") { path, clock in
            let process = try Process(path, clock, [Nightly.self, Minutely.self], window: .minutes(10))
            try await process.scheduler.announce()
            clock.advance(by: .hours(5))
            try await process.pass()
            #expect(try await process.queued().count == 11, "ten minutes back, both ends included")
            try await process.pass()
            #expect(try await process.queued().count == 11)
            try await process.engine.close()
        }
    }

    @Test func theClocksOfBerlinChange() async throws {
        for (start, ticks) in [
            ("2026-03-28T00:00:00Z", ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
            ("2026-10-24T00:00:00Z", ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ] {
            try await with(start) { path, clock in
                let processes = try (0..<2).map { _ in try Process(path, clock, [Nightly.self]) }
                for process in processes { try await process.scheduler.announce() }
                for _ in 0..<(3 * 96) {
                    clock.advance(by: .minutes(15))
                    for process in processes { try await process.pass() }
                }
                let expected = try ticks.map { try tick("nightly", $0) }
                #expect(try await processes[0].queued() == expected, "from \(start)")
                for process in processes { try await process.engine.close() }
            }
        }
    }

    @Test func aChangedScheduleTakesEffectAtOnceAndStopsTheOldOne() async throws {
        try await with("2026-11-22T00:00:00Z") { path, clock in
            let old = try Process(path, clock, [Nightly.self])
            try await old.scheduler.announce()
            clock.advance(by: .hours(1))
            let new = try Process(path, clock, [NightlyLater.self])
            try await new.scheduler.announce()
            clock.advance(by: .hours(3))
            try await old.pass()
            #expect(try await old.queued().isEmpty, "2:30 was given up for 4:30")
            try await new.pass()
            #expect(try await new.queued() == [try tick("nightly", "2026-11-22T03:30:00Z")])
            // The task stays, its schedule is gone.
            let byHand = try Process(path, clock, [NightlyByHand.self])
            try await byHand.scheduler.announce()
            clock.advance(by: .hours(24))
            for process in [old, new] { try await process.pass() }
            #expect(try await new.queued().count == 1)
            #expect(try await new.engine.schedules().schedules.isEmpty)
            for process in [old, new, byHand] { try await process.engine.close() }
        }
    }

    @Test(arguments: [LossyEngine.Fault.replyLost, .requestLost, .unavailable])
    func aTickWhoseFateIsUnknownIsPushedOnce(fault: LossyEngine.Fault) async throws {
        try await with("2026-11-22T10:00:30Z") { path, clock in
            let process = try Process(path, clock, [Minutely.self])
            try await process.scheduler.announce()
            clock.advance(by: .seconds(60))
            process.engine.inject(fault, into: .tick)
            await #expect(throws: EngineError.self) { try await process.pass() }
            try await process.pass()
            #expect(try await process.queued().count == 1)
            #expect(process.engine.isSpent)
            try await process.engine.close()
        }
    }

    @Test func aTickStartsNothingWhileTheOneBeforeHoldsItsKey() async throws {
        try await with("2026-11-22T10:00:30Z") { path, clock in
            let process = try Process(path, clock, [Keyed.self])
            try await process.scheduler.announce()
            for _ in 0..<3 {
                clock.advance(by: .seconds(60))
                try await process.pass()
            }
            #expect(try await process.queued().count == 1, "the first has not run yet")
            let state = try #require(try await process.engine.schedules().schedules.first)
            #expect(state.lastTick?.date == ISO8601DateFormatter().date(from: "2026-11-22T10:03:00Z"))
            try await process.engine.close()
        }
    }

    /// By real clocks: a worker inside a program schedules for itself, and two of them share the ticks.
    @Test func workersWithoutASupervisorScheduleForThemselves() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-schedules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("relier.db").path
        let engines = try (0..<2).map { _ in try SQLiteEngine(path: path) }
        let workers = try engines.map { engine in
            Worker(
                engine: engine, tasks: try TaskRegistry([Secondly.self]),
                settings: WorkerSettings(gracePeriod: .seconds(1), logger: RelierTestHarness.quiet))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            let deadline = ContinuousClock.now + .seconds(60)
            while try await engines[0].tasks(TaskQuery(state: .committed, limit: 10)).items.count < 3 {
                try #require(ContinuousClock.now < deadline, "three ticks within a minute")
                try await Task.sleep(for: .milliseconds(20))
            }
            for worker in workers { worker.drain() }
            try await group.waitForAll()
        }
        let state = try #require(try await engines[0].schedules().schedules.first)
        let last = try #require(state.lastTick)
        let all = try await engines[0].tasks(TaskQuery(limit: 1000)).items
        let started = state.announcedAt.microseconds / 1_000_000
        let ticks = (started + 1)...(last.microseconds / 1_000_000)
        #expect(Set(all.map(\.id)) == Set(ticks.map { TaskID.tick(of: "secondly", at: TickTime(microseconds: $0 * 1_000_000)) }))
        #expect(all.count == ticks.count)
        for engine in engines { try await engine.close() }
    }

    struct Secondly: RelierTask {
        static let name = "secondly"
        static var options: TaskOptions { TaskOptions(schedule: .every(.seconds(1))) }
        func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
    }
}
