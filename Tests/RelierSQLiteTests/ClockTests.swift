import Foundation
import Relier
import Testing

@testable import RelierSQLite

@Suite struct ClockTests {
    let directory: TemporaryDirectory
    let hand = HandClock()

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteEngine { try SQLiteEngine(path: directory.file(), options: SQLiteOptions(clock: hand.clock)) }

    @Test func timeGoesOnOverAReboot() async throws {
        let first = try open()
        let delayed = task(due: .after(.minutes(10)))
        _ = try await first.push([delayed])
        let before = try await first.now()
        try await first.close()
        hand.change {
            $0.boot = 5
            $0.wall += Duration.minutes(3).microseconds
            $0.bootID = "boot-2"
        }
        let second = try open()
        #expect(try await second.now() - before == .minutes(3))
        #expect(try await second.tend(batch: 10, unregisteredAfter: nil).promoted == 0)
        hand.advance(.minutes(7))
        #expect(try await second.tend(batch: 10, unregisteredAfter: nil).promoted == 1)
        #expect(try await second.status(of: [delayed.envelope.id])[delayed.envelope.id]?.state == .queued)
        try await second.close()
    }

    @Test func timeNeverGoesBackOverAReboot() async throws {
        let first = try open()
        _ = try await first.push([task(due: .after(.minutes(10)))])
        let before = try await first.now()
        try await first.close()
        hand.change {
            $0.boot = 5
            $0.wall -= Duration.hours(48).microseconds
            $0.bootID = "boot-2"
        }
        let second = try open()
        #expect(try await second.now() >= before)
        try await second.close()
    }

    @Test func settingTheWallClockMovesOnlyDates() async throws {
        let engine = try open()
        let before = try await engine.now()
        let wall = Date(timeIntervalSince1970: 1_800_000_000)
        let dated = task(due: .at(wall.addingTimeInterval(3600)))
        let delayed = task(due: .after(.hours(1)))
        _ = try await engine.push([dated, delayed])
        hand.change { $0.wall += Duration.hours(2).microseconds }
        #expect(try await engine.now() == before)
        let report = try await engine.tend(batch: 10, unregisteredAfter: nil)
        #expect(report.promoted == 1)
        #expect(report.nextDue == before + .hours(1))
        let status = try await engine.status(of: [dated.envelope.id, delayed.envelope.id])
        #expect(status[dated.envelope.id]?.state == .queued)
        #expect(status[delayed.envelope.id]?.state == .scheduled)
        try await engine.close()
    }

    @Test func aRebootEndsEveryLease() async throws {
        let first = try open()
        let worker = try await Hand(first)
        _ = try await first.push([task()])
        #expect(try await worker.claim().count == 1)
        #expect(try await first.leases().first?.holderGone == false)
        hand.change { $0.bootID = "boot-2" }
        let second = try open()
        #expect(try await second.leases().first?.holderGone == true)
        let report = try await second.release(
            .incarnation(worker.incarnation, counter: nil), death: .lockFreed, limits: ReleaseLimits())
        #expect(report.requeued.count == 1)
        try await first.close()
        try await second.close()
    }

    @Test func aBootThatCannotBeToldEndsNoLeaseAndSetsNoClock() async throws {
        let first = try open()
        let worker = try await Hand(first)
        let lease = try #require(first.leaseBook as? FileLeases)
        let blind = FileLeases(
            in: lease.directory, boot: SQLiteClock.unknownBoot, database: nil, logger: first.options.logger)
        #expect(blind.state(of: worker.incarnation).holder == .alive)
        hand.change { $0.bootID = SQLiteClock.unknownBoot }
        #expect(await engineError { _ = try open() }?.message.contains("boot id") == true)
        try await first.close()
    }

    @Test func anIdleSystemIsNotWrittenTo() async throws {
        let engine = try open()
        _ = try await engine.tend(batch: 10, unregisteredAfter: .seconds(1))
        let changes = try await engine.writer.perform { $0.totalChanges }
        for _ in 0..<5 { _ = try await engine.tend(batch: 10, unregisteredAfter: .seconds(1)) }
        #expect(try await engine.writer.perform { $0.totalChanges } == changes)
        try await engine.close()
    }

    @Test func whatHasOutlivedItsTimeIsDropped() async throws {
        let engine = try open()
        let worker = try await Hand(engine)
        let (small, large) = (task(), task(resultTTL: .minutes(1)))
        _ = try await engine.push([small, large])
        for claimed in try await worker.claim() {
            let result = claimed.envelope.id == large.envelope.id ? "\"\(String(repeating: "y", count: 1000))\"" : "1"
            try await worker.settle(claimed, .commit(result: Data(result.utf8)))
        }
        hand.advance(.minutes(2))
        _ = try await engine.tend(batch: 10, unregisteredAfter: nil)
        let status = try await engine.status(of: [small.envelope.id, large.envelope.id])
        #expect(status[small.envelope.id]?.result == Data("1".utf8))
        #expect(status[large.envelope.id] == TaskStatus(state: .committed))
        hand.advance(.hours(24))
        _ = try await engine.tend(batch: 10, unregisteredAfter: nil)
        #expect(try await engine.status(of: [small.envelope.id, large.envelope.id]).isEmpty)
        try await engine.close()
    }
}

/// Restarts of the machine with a wall clock that cannot be right.
@Suite struct WithheldTimeTests {
    let directory: TemporaryDirectory
    let hand = HandClock()

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteEngine { try SQLiteEngine(path: directory.file(), options: SQLiteOptions(clock: hand.clock)) }

    private func reboot(_ boot: String, after wall: Duration) {
        hand.change {
            $0.boot = 5
            $0.wall += wall.microseconds
            $0.bootID = boot
        }
    }

    @Test func aBootWithTheWallClockFarAheadEndsNothing() async throws {
        let first = try open()
        let delayed = task(due: .after(.days(40)))
        _ = try await first.push([delayed])
        let before = try await first.now()
        try await first.close()
        reboot("boot-2", after: .days(3650))
        let second = try open()
        #expect(try await second.now() == before)
        #expect(try await second.withheldTime() == .days(3650))
        #expect(try await second.health().contains { $0.name == "clock" && $0.level == .warning && $0.detail.contains("3650 days") })
        _ = try await second.tend(batch: 10, unregisteredAfter: nil)
        #expect(try await second.status(of: [delayed.envelope.id])[delayed.envelope.id]?.state == .scheduled)
        try await second.close()
        // The clock is set right before the next start.
        reboot("boot-3", after: .days(-3649))
        let third = try open()
        #expect(try await third.now() == before)
        #expect(try await third.withheldTime() == .days(1), "a day has passed meanwhile, and is not known to have")
        try await third.close()
    }

    @Test func timeThatHasPassedIsAddedOnDemand() async throws {
        let first = try open()
        let before = try await first.now()
        try await first.close()
        reboot("boot-2", after: .days(60))
        let second = try open()
        #expect(try await second.now() == before)
        #expect(try await second.addWithheldTime() == .days(60))
        #expect(try await second.addWithheldTime() == .zero)
        try await second.close()
        let third = try open()
        #expect(try await third.now() - before == .days(60))
        #expect(try await third.withheldTime() == .zero)
        try await third.close()
    }

    @Test func aMonthIsAddedUnasked() async throws {
        let first = try open()
        let before = try await first.now()
        try await first.close()
        reboot("boot-2", after: .days(30))
        let second = try open()
        #expect(try await second.now() - before == .days(30))
        try await second.close()
    }
}
