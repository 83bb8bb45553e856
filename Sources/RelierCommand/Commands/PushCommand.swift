import ArgumentParser
import Foundation
import Relier

/// `push` of a program with tasks: the arguments are checked against the task's type before anything is queued.
struct PushCommand<App: RelierApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "push", abstract: "Push one of this program's tasks, and print its id.")
    }

    @OptionGroup var options: PushOptions

    @Option(help: "Another queue than the task's own.")
    var queue: String?

    @Option(help: "The version of the arguments; must be the one that this program has.")
    var version: Int?

    func run() async throws {
        let delay = try options.delayed()
        let queue = try PushOptions.queue(queue)
        let type = try TypedArguments.type(named: options.name, among: App.tasks)
        if let version, version != type.options.version {
            throw CommandError.misuse("--version is \(version), but '\(options.name)' has version \(type.options.version) in this program")
        }
        let task = try TypedArguments.decode(type, from: try options.arguments())
        try await options.engine.withEngine(for: .creating) { engine, settings in
            let relier = Relier(engine, settings: settings.client(for: App.tasks))
            try await options.run(engine) { try await Self.push(task, relier, queue: queue, after: delay) }
        }
    }

    private static func push<Work: RelierTask>(
        _ task: Work, _ relier: Relier, queue: Queue?, after delay: Duration?
    ) async throws -> (id: TaskID, isDuplicate: Bool) {
        var new = try relier.newTask(task, due: delay.map { .after($0) } ?? .now, id: .next())
        if let queue { new.queue = queue }
        let receipts: [TaskReceipt<Work.Output>] = relier.receipts(for: [new], try await relier.accept([new]))
        return (receipts[0].id, receipts[0].isDuplicate)
    }
}
