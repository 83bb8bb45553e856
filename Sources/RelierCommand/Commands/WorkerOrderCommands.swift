import ArgumentParser
import Relier

/// `rl worker`: what can be done to workers from afar.
struct OperatorWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "See the live workers, drain or restart one.", subcommands: WorkerSubcommands.all,
        defaultSubcommand: WorkerStatusCommand.self)
}

enum WorkerSubcommands {
    static let all: [any ParsableCommand.Type] = [WorkerStatusCommand.self, WorkerDrainCommand.self, WorkerRestartCommand.self]
}

struct WorkerDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Let a worker finish what it runs and end for good.",
        discussion: """
            The worker claims nothing more, lets tasks finish within its grace period, and hands over the rest without counting it against them. \
            Its supervisor starts no other in its place, and ends when none is left.
            """)

    @OptionGroup var target: WorkerArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await target.give(.drain, engine, output) }
}

struct WorkerRestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Let a worker finish what it runs, and replace its process.")

    @OptionGroup var target: WorkerArgument
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await target.give(.restart, engine, output) }
}

/// A worker as an argument.
struct WorkerArgument: ParsableArguments {
    @Argument(help: "The worker's id or its beginning, its process id, or its label, as 'worker status' shows them.")
    var worker: String

    func give(_ order: WorkerOrder, _ engine: EngineOptions, _ output: OutputOptions) async throws {
        let found = try await engine.withEngine(for: .operating) { engine, _ in
            let found = try await LiveWorkers.named(worker, in: engine)
            try await engine.order(order, to: found.info.incarnation)
            return found
        }
        if output.json {
            return try JSONOutput.write(.object(["worker": .of(found.info.incarnation), "order": .of(order.rawValue)]))
        }
        Console.out(
            "\(found.info.name) (process \(found.info.pid)) gets the order to \(order.rawValue) with its next renewal; it holds \(found.running) tasks"
        )
    }
}
