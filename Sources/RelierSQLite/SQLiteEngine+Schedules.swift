public import Relier

extension SQLiteEngine {
    public func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError) {
        try await writer.perform(weight: definitions.count + names.count) {
            try $0.announceSchedules(definitions, withdrawing: names)
        }
    }

    public func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome] {
        if ticks.isEmpty { return [] }
        let weight = ticks.reduce(ticks.count) { $0 + $1.tasks.count }
        return try await writer.perform(weight: weight) { store in try ticks.map { try store.tick($0) } }
    }

    public func schedules() async throws(EngineError) -> ScheduleBoard {
        let clock = clock
        return try await read { db in
            ScheduleBoard(now: clock.now, wall: TickTime(microseconds: clock.wall), schedules: try db.schedules())
        }
    }
}
