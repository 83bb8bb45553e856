import ArgumentParser
import Relier

struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq", abstract: "See the dead letter queue and release from it.",
        subcommands: [DeadLettersListCommand.self, DeadLettersInspectCommand.self, DeadLettersReleaseCommand.self])
}

struct DeadLettersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List quarantined tasks by pages, or count them by reason.")

    @Option(help: "Only of this task name.")
    var name: String?

    @Option(help: "Only of this reason, such as TimeoutError.")
    var reason: String?

    @Flag(help: "Count all by reason instead; the other filters do not matter.")
    var byReason = false

    @OptionGroup var page: PageOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if byReason { return try await countByReason() }
        let query = DeadLetterQuery(name: name, reason: reason, limit: page.limit, after: page.after)
        let found = try await engine.withEngine(for: .looking) { engine, _ in try await engine.deadLetters(query) }
        if output.json { return try JSONOutput.write(found.json("dead_letters", \.json)) }
        if found.items.isEmpty { return Console.out("no dead letters") }
        var table = TextTable("ID", "NAME", "REASON", "QUARANTINED", "ATTEMPTS", "RESURRECTIONS", "MESSAGE", rightAligned: [4, 5])
        for letter in found.items {
            let message = Console.oneLine(letter.message)
            table.add(
                letter.id.description, letter.name, letter.reason, letter.quarantinedAt.readable, String(letter.attempts),
                String(letter.resurrections), message.count > 80 ? message.prefix(79) + "…" : message)
        }
        Console.out(table.text)
        if let hint = PageOptions.hint(found.next) { Console.out(hint) }
    }

    private func countByReason() async throws {
        let counts = try await engine.withEngine(for: .looking) { engine, _ in try await engine.deadLetterReasons() }
        if output.json {
            return try JSONOutput.write(.object(["reasons": .object(counts.mapValues { .of($0) })]))
        }
        if counts.isEmpty { return Console.out("no dead letters") }
        var table = TextTable("REASON", "COUNT", rightAligned: [1])
        for (reason, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { table.add(reason, String(count)) }
        Console.out(table.text)
    }
}

struct DeadLettersInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Show all that is known of a quarantined task.")

    @OptionGroup var task: TaskIDArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try task.parsed()
        let details = try await engine.withEngine(for: .looking) { engine, _ in try await Self.deadLetter(id, engine) }
        if output.json { return try JSONOutput.write(details.json) }
        Console.out(try DetailsText.of(details))
    }

    static func deadLetter(_ id: TaskID, _ engine: any Engine) async throws -> TaskDetails {
        guard let details = try await engine.inspect(id) else {
            throw CommandError("task \(id) is not known at \(engine.location), or no longer kept; 'dlq list' shows the dead letters")
        }
        guard details.summary.state == .quarantined else {
            throw CommandError("task \(id) is not in the dead letter queue; it is \(details.summary.state)")
        }
        return details
    }
}

struct DeadLettersReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Put a quarantined task back into its queue.",
        discussion: "It keeps its checkpoint, and takes its idempotency key again; if another task has the key by now, nothing changes.")

    @OptionGroup var task: TaskIDArgument

    @Flag(help: "Start its count of resurrections anew.")
    var fresh = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try task.parsed()
        let details = try await engine.withEngine(for: .operating) { engine, _ in
            let details = try await DeadLettersInspectCommand.deadLetter(id, engine)
            try await engine.releaseDeadLetter(id, fresh: fresh)
            return details
        }
        let queue = details.summary.queue.name
        if output.json {
            return try JSONOutput.write(.object(["id": .of(id), "queue": .of(queue), "fresh": .bool(fresh), "released": .bool(true)]))
        }
        Console.out("task \(id) is back in the queue '\(Console.safe(queue))'")
    }
}
