import ArgumentParser
import Relier

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "See the queues.", subcommands: [QueueListCommand.self])
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the queues and what waits in them.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let queues = try await engine.withEngine { engine, _ in try await engine.queues() }
        if output.json { return try JSONOutput.write(.object(["queues": .array(queues.map(\.json))])) }
        if queues.isEmpty { return Console.out("no queues yet") }
        var table = TextTable(
            "QUEUE", "QUEUED", "RECOVERED", "SCHEDULED", "RUNNING", "PARKED", "SUSPECTS", "WAITING", "OLDEST",
            rightAligned: [1, 2, 3, 4, 5, 6, 7])
        for queue in queues {
            table.add(
                queue.queue.name, String(queue.queued), String(queue.recovered), String(queue.scheduled), String(queue.running),
                String(queue.parked), String(queue.suspects), String(queue.waiting), queue.oldest?.readable)
        }
        Console.out(table.text)
    }
}
