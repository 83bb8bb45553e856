import ArgumentParser
import Relier

struct SchedulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "See when tasks are pushed by themselves.",
        subcommands: [SchedulesListCommand.self, SchedulesRemoveCommand.self])
}

struct SchedulesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the schedules with their last and next tick.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let board = try await engine.withEngine(for: .looking) { engine, _ in try await engine.schedules() }
        let schedules = board.schedules.map { ScheduleListing($0, on: board) }
        if output.json { return try JSONOutput.write(.object(["schedules": .array(schedules.map(\.json))])) }
        if schedules.isEmpty { return Console.out("no schedules; a worker makes those of its tasks known when it starts") }
        var table = TextTable("NAME", "SCHEDULE", "ZONE", "LAST", "NEXT", "LAST TASK")
        for schedule in schedules {
            let state = schedule.state
            table.add(
                state.definition.name, state.definition.expression, state.definition.zone, state.lastTick?.engineTime.readable,
                schedule.next.map { $0.engineTime.readable + (schedule.isOverdue ? " (overdue)" : "") }, state.lastTask?.description)
        }
        Console.out(table.text)
    }
}

struct SchedulesRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Stop a schedule.",
        discussion:
            "No scheduler that runs ticks it any more. A worker that starts later and still has it makes it known again, from then on.")

    @Argument(help: "The schedule's name, which is its task's.")
    var name: String

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let name = name
        try await engine.withEngine(for: .operating) { engine, _ in
            let known = try await engine.schedules().schedules.map(\.definition.name)
            guard known.contains(name) else {
                let near = NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
                throw CommandError("no schedule is named '\(name)'\(near)")
            }
            try await engine.announceSchedules([], withdrawing: [name])
        }
        if output.json { return try JSONOutput.write(.object(["name": .of(name), "removed": .bool(true)])) }
        Console.out("removed the schedule of '\(name)'")
    }
}

/// A schedule with what follows from its definition.
struct ScheduleListing {
    /// A tick that is later than this was seen by no scheduler.
    private static let grace: Int64 = 10_000_000

    let state: ScheduleState
    /// The first tick that is not done with; `nil` where this program cannot tell.
    let next: TickTime?
    /// The next tick should have been: no scheduler that has it runs.
    let isOverdue: Bool

    init(_ state: ScheduleState, on board: ScheduleBoard) {
        self.state = state
        next = (try? ScheduleRule(state.definition))?.next(after: state.settled)
        let now = board.time(for: state.definition).microseconds
        isOverdue = next.map { $0.microseconds < now - Self.grace } ?? false
    }

    var json: JSONValue {
        .object([
            "name": .of(state.definition.name), "expression": .of(state.definition.expression), "zone": .of(state.definition.zone),
            "last_tick": .of(state.lastTick?.engineTime), "next_tick": .of(next?.engineTime), "overdue": .bool(isOverdue),
            "last_task": state.lastTask.map { .of($0) } ?? .null, "announced_at": .of(state.announcedAt),
        ])
    }
}

extension TickTime {
    /// For showing: both clocks count from 1970.
    var engineTime: EngineTime { EngineTime(microseconds: microseconds) }
}
