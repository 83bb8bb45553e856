import GRDB
import Relier

extension Store {
    func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) throws {
        for name in names { try db.run("DELETE FROM schedule WHERE name = ?", .text(name)) }
        for definition in definitions {
            let start = definition.zone == nil ? now.microseconds : clock.wall
            try db.run(
                """
                INSERT INTO schedule (name, expression, zone, settled, announced) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET expression = excluded.expression, zone = excluded.zone, settled = excluded.settled,
                  announced = excluded.announced
                WHERE expression <> excluded.expression OR zone IS NOT excluded.zone
                """, .text(definition.name), .text(definition.expression), .text(orNull: definition.zone), .int(start), .time(now))
        }
    }

    func tick(_ tick: ScheduleTick) throws -> TickOutcome {
        let name = tick.definition.name
        guard let state = try db.schedule(name), state.definition == tick.definition, state.settled == tick.after else { return .refused }
        let outcomes = try push(tick.tasks)
        let task: TaskID? =
            switch outcomes.last {
            case .duplicate(let owner): owner
            case .accepted, .known: tick.tasks.last?.envelope.id
            case .rejected, nil: nil
            }
        try db.run(
            "UPDATE schedule SET settled = ?, ticked = coalesce(?, ticked), task = coalesce(?, task) WHERE name = ?",
            .int(tick.settled.microseconds), .int(orNull: tick.latest?.microseconds), task.map { .id($0) } ?? .null, .text(name))
        return .recorded(outcomes)
    }
}

extension Database {
    private static let scheduleColumns = "name, expression, zone, settled, ticked, task, announced"

    func schedule(_ name: String) throws -> ScheduleState? {
        try row("SELECT \(Self.scheduleColumns) FROM schedule WHERE name = ?", .text(name), transform: Self.schedule)
    }

    func schedules() throws -> [ScheduleState] {
        try rows("SELECT \(Self.scheduleColumns) FROM schedule ORDER BY name", transform: Self.schedule)
    }

    private static func schedule(_ row: SQL) -> ScheduleState {
        ScheduleState(
            definition: ScheduleDefinition(name: row.text(0), expression: row.text(1), zone: row.textOrNull(2)),
            settled: TickTime(microseconds: row.int(3)), lastTick: row.intOrNull(4).map(TickTime.init(microseconds:)),
            lastTask: row.isNull(5) ? nil : row.id(5), announcedAt: row.time(6))
    }
}
