import ArgumentParser
import Relier

struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "See where tasks are, and cancel them.",
        subcommands: [TasksListCommand.self, TasksInspectCommand.self, TasksCancelCommand.self])
}

struct TasksListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List tasks by pages.")
    static let states: [TaskState] = [
        .scheduled, .queued, .parked, .waiting, .suspect, .running, .committed, .quarantined, .cancelled,
    ]

    @Option(help: ArgumentHelp("Only of this state: \(states.map(\.rawValue).joined(separator: ", ")).", valueName: "state"))
    var state: String?

    @Option(help: "Only of this queue.")
    var queue: String?

    @Option(help: "Only of this task name.")
    var name: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let names = Self.states.map(\.rawValue)
        if let state, !names.contains(state) {
            throw ValidationError("--state is '\(state)'; allowed: \(names.joined(separator: ", "))")
        }
    }

    func run() async throws {
        let query = TaskQuery(
            state: state.map(TaskState.init(rawValue:)), queue: queue.map { Queue($0) }, name: name, limit: page.limit, after: page.after)
        let found = try await engine.withEngine(for: .looking) { engine, _ in try await engine.tasks(query) }
        if output.json { return try JSONOutput.write(found.json("tasks", \.json)) }
        if found.items.isEmpty { return Console.out("no tasks") }
        var table = TextTable(
            "ID", "NAME", "QUEUE", "STATE", "ATTEMPT", "RESURRECTIONS", "ENQUEUED", "WORKER", "WAITS FOR", rightAligned: [4, 5])
        for task in found.items {
            table.add(
                task.id.description, task.name, task.queue.name, task.state.rawValue, String(task.attempt), String(task.resurrections),
                task.enqueuedAt.readable, task.worker, task.waitsFor)
        }
        Console.out(table.text)
        if let hint = PageOptions.hint(found.next) { Console.out(hint) }
    }
}

struct TasksInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Show all that is known of one task.")

    @OptionGroup var task: TaskIDArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try task.parsed()
        let details = try await engine.withEngine(for: .looking) { engine, _ in
            guard let details = try await engine.inspect(id) else {
                throw CommandError("task \(id) is not known at \(engine.location), or no longer kept; 'tasks list' shows what there is")
            }
            return details
        }
        if output.json { return try JSONOutput.write(details.json) }
        Console.out(try DetailsText.of(details))
    }
}
