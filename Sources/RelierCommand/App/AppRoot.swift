import ArgumentParser
import Foundation
import Relier

/// The root command of a program with tasks.
struct AppRoot<App: RelierApp>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: programName, abstract: "Run \(programName)'s tasks, push them, and see where they are.",
            subcommands: [WorkerCommand<App>.self, WorkerProcessCommand<App>.self, PushCommand<App>.self] + OperatorCommands.all
                + App.commands)
    }

    static var programName: String {
        App.name ?? CommandLine.arguments.first.map { URL(filePath: $0).lastPathComponent } ?? "relier"
    }
}
