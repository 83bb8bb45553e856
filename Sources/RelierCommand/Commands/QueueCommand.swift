import ArgumentParser
import Relier

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "See the queues, pause and resume them.",
        subcommands: [QueueListCommand.self, QueuePauseCommand.self, QueueResumeCommand.self])
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the queues and what waits in them.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let queues = try await engine.withEngine(for: .looking) { engine, _ in try await engine.queues() }
        if output.json { return try JSONOutput.write(.object(["queues": .array(queues.map(\.json))])) }
        if queues.isEmpty { return Console.out("no queues yet") }
        var table = TextTable(
            "QUEUE", "QUEUED", "RECOVERED", "SCHEDULED", "RUNNING", "PARKED", "SUSPECTS", "WAITING", "LIMITED", "OLDEST", "PAUSED",
            rightAligned: [1, 2, 3, 4, 5, 6, 7, 8])
        for queue in queues {
            table.add(
                queue.queue.name, String(queue.queued), String(queue.recovered), String(queue.scheduled), String(queue.running),
                String(queue.parked), String(queue.suspects), String(queue.waiting), String(queue.limited), queue.oldest?.readable,
                queue.pausedAt.map { "since \($0.readable)" })
        }
        Console.out(table.text)
    }
}

struct QueuePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let nobody claim a queue's tasks.",
        discussion: "What runs goes on, pushes are accepted. The pause lasts until 'queue resume', whatever restarts.")

    @OptionGroup var queue: QueueArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await queue.setPaused(true, engine, output)
    }
}

struct QueueResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "End a queue's pause.")

    @OptionGroup var queue: QueueArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await queue.setPaused(false, engine, output)
    }
}

/// A queue's name as an argument.
struct QueueArgument: ParsableArguments {
    @Argument(help: "The queue's name, as 'queue list' prints it.")
    var queue: String

    func setPaused(_ isPaused: Bool, _ options: EngineOptions, _ output: OutputOptions) async throws {
        try await options.withEngine(for: .operating) { engine, _ in try await engine.setPaused(isPaused, queue: Queue(queue)) }
        if output.json { return try JSONOutput.write(.object(["queue": .of(queue), "paused": .bool(isPaused)])) }
        let name = Console.safe(queue)
        Console.out(
            isPaused ? "the queue '\(name)' is paused; 'queue resume \(name)' ends that" : "the tasks of the queue '\(name)' can be claimed"
        )
    }
}
