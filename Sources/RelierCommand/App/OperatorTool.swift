import ArgumentParser
import Foundation

/// The program `rl`: the operator's commands, without tasks of its own and so without a worker.
public enum OperatorTool {
    /// Runs the command that the arguments name, and leaves the process: status 0 when it is done, 1 when it failed, 2 when it was misused.
    public static func main() async -> Never {
        Console.bufferLines()
        let status = await CommandRunner.run(OperatorRoot.self, arguments: Array(CommandLine.arguments.dropFirst()))
        Console.finish()
        exit(status)
    }
}

struct OperatorRoot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rl", abstract: "Watch and operate Relier's tasks.",
        subcommands: OperatorCommands.all + [OperatorWorkerCommand.self, OperatorPushCommand.self])
}

/// The commands that every program has. `worker` is in both, too: it runs tasks where there are some.
enum OperatorCommands {
    static let all: [any ParsableCommand.Type] = [
        ResurrectorCommand.self, TasksCommand.self, DeadLettersCommand.self, QueueCommand.self, SchedulesCommand.self,
        AdmissionCommand.self, DoctorCommand.self, AdminCommand.self,
    ]
}
