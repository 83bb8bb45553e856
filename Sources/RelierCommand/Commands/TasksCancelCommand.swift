import ArgumentParser
import Relier

struct TasksCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End a task that waits or runs.",
        discussion: """
            A waiting task never runs. A running one has ended for everybody at once; its worker cancels the body within about a fifth of its lease. \
            With --no-terminate the current run may finish; only further runs are cancelled.
            """)

    @OptionGroup var task: TaskIDArgument

    @Flag(help: "Let the current run finish.")
    var noTerminate = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let id = try task.parsed()
        let reply = try await engine.withEngine(for: .operating) { engine, _ in try await engine.cancel(id, terminate: !noTerminate) }
        if output.json {
            return try JSONOutput.write(.object(["id": .of(id), "cancelled": .bool(reply == .cancelled)]))
        }
        Console.out(reply == .cancelled ? "cancelled \(id)" : "\(id) runs; this run may finish, and is its last")
    }
}
