import Foundation
import Relier

extension EngineConformance {
    static let scheduleChecks: [Check] = [
        Check("aScheduleBeginsWhenItIsAnnounced") { try await $0.aScheduleBeginsWhenItIsAnnounced() },
        Check("anEqualAnnouncementChangesNothing") { try await $0.anEqualAnnouncementChangesNothing() },
        Check("aTickIsRecordedAndPushedInOneStep") { try await $0.aTickIsRecordedAndPushedInOneStep() },
        Check("aTickSentAgainIsRefused") { try await $0.aTickSentAgainIsRefused() },
        Check("oneOfManySchedulersTicks") { try await $0.oneOfManySchedulersTicks() },
        Check("manyTicksArePushedInOneStep") { try await $0.manyTicksArePushedInOneStep() },
        Check("aTickOfAChangedScheduleIsRefused") { try await $0.aTickOfAChangedScheduleIsRefused() },
        Check("aWithdrawnScheduleIsForgotten") { try await $0.aWithdrawnScheduleIsForgotten() },
        Check("aTickMayFindItsKeyHeld") { try await $0.aTickMayFindItsKeyHeld() },
        Check("schedulesFollowTheirClocks", needs: .separateWallClock) { try await $0.schedulesFollowTheirClocks() },
    ]

    private static let nightly = ScheduleDefinition(name: "nightly", expression: "0 3 * * *", zone: "Europe/Berlin")
    private static let often = ScheduleDefinition(name: "often", expression: "@every 60s", zone: nil)

    /// A schedule that is seen first makes up for nothing: what was before its announcement is done with.
    public func aScheduleBeginsWhenItIsAnnounced() async throws {
        try await scene { scene in
            try scene.expect(try await scene.engine.schedules().schedules.count, is: 0, "schedules of a fresh engine")
            let wall = try await scene.subject.wallClock()
            let now = try await scene.engine.now()
            try await scene.engine.announceSchedules([Self.often, Self.nightly], withdrawing: [])
            let board = try await scene.other.schedules()
            try scene.expect(board.schedules.map(\.definition), is: [Self.nightly, Self.often], "schedules, in the order of their names")
            try scene.expect(board.schedules.allSatisfy { $0.lastTick == nil && $0.lastTask == nil }, "none has ticked")
            try scene.expectClose(board.schedules[0].settled.date.timeIntervalSince(wall), "the wall clock, for a cron expression")
            try scene.expectClose(
                Double(board.schedules[1].settled.microseconds - now.microseconds) / 1e6, "the engine's clock, for an interval")
            try scene.expectClose(board.wall.date.timeIntervalSince(try await scene.subject.wallClock()), "the board's wall clock")
            try scene.expectClose((board.now - (try await scene.engine.now())).inSeconds, "the board's engine clock")
        }
    }

    /// A scheduler that starts again finds its schedules as they were, so that it can make up for what was missed.
    public func anEqualAnnouncementChangesNothing() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            let before = try await scene.state(of: Self.often)
            try await scene.advance(.minutes(10))
            try await scene.other.announceSchedules([Self.often, Self.nightly], withdrawing: ["unknown"])
            try scene.expect(try await scene.state(of: Self.often), is: before, "an equal schedule after another announcement")
        }
    }

    /// The record of a tick and its task are one step: after it both are there, through any handle.
    public func aTickIsRecordedAndPushedInOneStep() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            let tick = try await scene.nextTick(of: Self.often)
            try scene.expect(try await scene.engine.tick([tick]), is: [.recorded([.accepted])], "outcome of a tick")
            let state = try await scene.state(of: Self.often)
            try scene.expect(state.settled, is: tick.settled, "up to where ticks are done with")
            try scene.expect(state.lastTick, is: tick.latest, "the last tick")
            try scene.expect(state.lastTask, is: tick.tasks[0].envelope.id, "its task")
            try await worker.commit(try await worker.claim(tick.tasks[0].envelope.id))
        }
    }

    /// A tick whose outcome is unknown may be sent again, as it was or with another id for its task.
    public func aTickSentAgainIsRefused() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            var tick = try await scene.nextTick(of: Self.often)
            _ = try await scene.engine.tick([tick])
            try scene.expect(try await scene.other.tick([tick]), is: [.refused], "outcome of the same tick")
            tick.tasks = [scene.task()]
            try scene.expect(try await scene.other.tick([tick]), is: [.refused], "outcome of the tick with another id")
            try await scene.expectState(nil, of: tick.tasks[0].envelope.id, "of a tick that was refused")
            try scene.expect(try await scene.engine.queues().reduce(0) { $0 + $1.queued }, is: 1, "tasks queued by a tick sent three times")
            let next = try await scene.nextTick(of: Self.often)
            try scene.expect(
                try await scene.engine.tick([next, next]), is: [.recorded([.accepted]), .refused], "the next tick, twice in one call")
        }
    }

    /// However many schedulers find a tick due, one pushes it.
    public func oneOfManySchedulersTicks() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.often, Self.nightly], withdrawing: [])
            for _ in 0..<10 {
                let ticks = [try await scene.nextTick(of: Self.often), try await scene.nextTick(of: Self.nightly)]
                let recorded = try await withThrowingTaskGroup(of: Int.self) { group in
                    for index in 0..<8 {
                        group.addTask {
                            var mine = ticks
                            for position in mine.indices { mine[position].tasks = [scene.task()] }
                            let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                            return try await engine.tick(mine).count { $0 != .refused }
                        }
                    }
                    return try await group.reduce(0, +)
                }
                try scene.expect(recorded, is: 2, "recorded ticks of two schedules and eight schedulers")
            }
            try scene.expect(try await scene.engine.queues().reduce(0) { $0 + $1.queued }, is: 20, "tasks queued by 20 ticks")
        }
    }

    /// Ticks that are made up for together are all there, or none of them; one call may also only record.
    public func manyTicksArePushedInOneStep() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            var tick = try await scene.nextTick(of: Self.often)
            tick.tasks = (0..<50).map { _ in scene.task() }
            try scene.expect(
                try await scene.engine.tick([tick]), is: [.recorded(Array(repeating: .accepted, count: 50))], "outcome of 50 ticks in one")
            try scene.expect(try await worker.claim(100).map(\.id), is: tick.tasks.map(\.envelope.id), "tasks to claim, in their order")
            var silent = try await scene.nextTick(of: Self.often)
            silent.tasks = []
            silent.latest = nil
            try scene.expect(try await scene.engine.tick([silent]), is: [.recorded([])], "outcome of recording alone")
            let state = try await scene.state(of: Self.often)
            try scene.expect(state.settled, is: silent.settled, "up to where ticks are done with")
            try scene.expect(state.lastTick, is: tick.latest, "the last tick that pushed something")
        }
    }

    /// A changed schedule begins anew, and whoever still has the old one pushes nothing.
    public func aTickOfAChangedScheduleIsRefused() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.nightly], withdrawing: [])
            let old = try await scene.nextTick(of: Self.nightly)
            for (expression, zone) in [("0 4 * * *", "Europe/Berlin"), ("0 4 * * *", "UTC"), ("@every 60s", nil)] as [(String, String?)] {
                try await scene.advance(.minutes(1))
                let changed = ScheduleDefinition(name: "nightly", expression: expression, zone: zone)
                try await scene.other.announceSchedules([changed], withdrawing: [])
                let board = try await scene.engine.schedules()
                let state = try await scene.state(of: changed)
                try scene.expectClose(
                    Double(state.settled.microseconds - board.time(for: changed).microseconds) / 1e6, "the beginning of a changed schedule")
                var stale = old
                stale.after = state.settled
                try scene.expect(try await scene.engine.tick([stale]), is: [.refused], "a tick of the older definition")
            }
        }
    }

    /// A withdrawn schedule ticks no more, and begins anew when it is announced again.
    public func aWithdrawnScheduleIsForgotten() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.often, Self.nightly], withdrawing: [])
            let tick = try await scene.nextTick(of: Self.often)
            try await scene.other.announceSchedules([], withdrawing: ["often"])
            try scene.expect(try await scene.engine.schedules().schedules.map(\.definition), is: [Self.nightly], "schedules that are left")
            try scene.expect(try await scene.engine.tick([tick]), is: [.refused], "a tick of a withdrawn schedule")
            try await scene.advance(.hours(1))
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            let state = try await scene.state(of: Self.often)
            try scene.expectClose(
                Double(state.settled.microseconds - (try await scene.engine.now()).microseconds) / 1e6,
                "the beginning of a schedule announced again"
            )
        }
    }

    /// A tick is a push like any other: while its key is held it starts nothing, and is recorded all the same.
    public func aTickMayFindItsKeyHeld() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let owner = try await scene.start(scene.task(key: "k"), on: worker)
            try await scene.engine.announceSchedules([Self.often], withdrawing: [])
            var tick = try await scene.nextTick(of: Self.often)
            tick.tasks = [scene.task(key: "k")]
            try scene.expect(
                try await scene.engine.tick([tick]), is: [.recorded([.duplicate(by: owner.id)])], "outcome while the key is held")
            try scene.expect(try await scene.state(of: Self.often).lastTask, is: owner.id, "the task that the tick joined")
        }
    }

    /// A cron expression follows the wall clock, an interval the engine's: setting the wall clock moves only the former.
    public func schedulesFollowTheirClocks() async throws {
        try await scene { scene in
            try await scene.engine.announceSchedules([Self.often, Self.nightly], withdrawing: [])
            let before = try await scene.engine.schedules()
            try await scene.jumpWallClock(.hours(5))
            let after = try await scene.engine.schedules()
            try scene.expect(after.schedules, is: before.schedules, "what is recorded, after the wall clock was set")
            func moved(_ definition: ScheduleDefinition) -> Double {
                Double(after.time(for: definition).microseconds - before.time(for: definition).microseconds) / 1e6
            }
            try scene.expectClose(moved(Self.nightly) - 5 * 3600, "a cron expression's clock")
            try scene.expectClose(moved(Self.often), "an interval's clock")
        }
    }
}

extension Scene {
    fileprivate func state(of definition: ScheduleDefinition) async throws -> ScheduleState {
        try unwrap(try await engine.schedules().schedules.first { $0.definition == definition }, "the schedule '\(definition.name)'")
    }

    /// A tick one second after the last, as a scheduler would ask for it.
    fileprivate func nextTick(of definition: ScheduleDefinition) async throws -> ScheduleTick {
        let settled = try await state(of: definition).settled
        let next = TickTime(microseconds: settled.microseconds + 1_000_000)
        return ScheduleTick(definition: definition, after: settled, settled: next, latest: next, tasks: [task()])
    }

    /// Within a minute of zero: clocks of engines go on by themselves.
    fileprivate func expectClose(_ seconds: Double, _ what: String) throws {
        try expect(abs(seconds) < 60, "\(what) is what the clock showed; it is \(seconds) s off")
    }
}
