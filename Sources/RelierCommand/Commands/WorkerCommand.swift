import ArgumentParser
import Foundation
import Relier
import Synchronization

/// A supervisor and the worker processes under it.
struct WorkerCommand<App: RelierApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "worker", abstract: "Run tasks.",
            discussion: """
                Starts worker processes, watches them and starts others when they die. SIGTERM or Ctrl-C lets running tasks finish \
                and ends; a second one hands them over at once.
                """, subcommands: WorkerSubcommands.all)
    }

    @OptionGroup var engine: EngineOptions
    @OptionGroup var options: WorkerOptions

    @Option(help: ArgumentHelp("Worker processes (RELIER_PROCESSES).", valueName: "number"))
    var processes: String?

    func run() async throws {
        // Before anything is said: what is warned of at the start waits for no reader either.
        Console.runLong()
        let settings = try engine.settings(
            options.overrides + [.init(SettingsTable.processes, flag: "--processes", text: processes)])
        // A list of tasks that cannot work is found here, before any process starts.
        let registry = try TaskRegistry(App.tasks)
        if registry.kinds.isEmpty { throw CommandError("this program lists no task to run; add one to its 'tasks'") }
        if let objection = settings.worker(for: App.tasks).objection { throw CommandError.misuse(objection) }
        let logger = settings.logger("relier.supervisor")
        // What ran belongs to the file that is gone. The workers find out by themselves; whoever started this process starts it anew.
        let store = try await EngineStart.open(settings, for: .creating, logger: logger) { _ in Console.leave(status: 1) }
        Console.out(Self.startLine(settings, registry.kinds, location: store.location))
        try await LongRunning.run(Supervisor(engine: store, settings: settings.supervisor(for: registry)), logger: logger)
        try await store.close()
        Console.out("stopped")
    }

    static func startLine(_ settings: Settings, _ kinds: [TaskKind], location: String) -> String {
        let queues = settings.queues.map { $0.weight == 1 ? $0.queue.name : "\($0.queue.name)=\($0.weight)" }.joined(separator: ", ")
        let processes = settings.processes == 1 ? "1 process" : "\(settings.processes) processes"
        let names = kinds.prefix(8).map(\.name).joined(separator: ", ") + (kinds.count > 8 ? ", …" : "")
        let keys = settings.signing.map { "\n\($0); what is not signed is not run" } ?? ""
        return """
            worker started: \(processes), \(settings.concurrency) tasks at once in each; queues: \(queues); at \(location)
            runs \(kinds.count) \(kinds.count == 1 ? "task" : "tasks"): \(names)\(keys)
            Ctrl-C lets running tasks finish (at most \(DurationText.write(settings.gracePeriod))); twice hands them over at once
            """
    }
}

/// One worker process. Started by `worker`, never by people.
struct WorkerProcessCommand<App: RelierApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "worker-process", abstract: "One worker process of 'worker'.", shouldDisplay: false)
    }

    @Option var process: String
    @Flag var isolated = false
    @Option var ordersFd: Int32
    @OptionGroup var engine: EngineOptions
    @OptionGroup var options: WorkerOptions

    func run() async throws {
        Console.runLong()
        guard let process = TaskID(process) else { throw CommandError.misuse("--process is '\(process)', which is no UUID") }
        // What 'worker' warned of needs no second warning here.
        let settings = try engine.settings(options.overrides, warns: false)
        LongRunning.surviveClosedPipes()
        let opened = Mutex<(any Engine)?>(nil)
        let ending = try await WorkerProcess.run(
            opening: {
                // Its supervisor starts another, which opens the file that is there now.
                let engine = try settings.openEngine(for: .creating) { _ in WorkerProcess.stopItself() }
                opened.withLock { $0 = engine }
                return engine
            }, tasks: try TaskRegistry(App.tasks),
            settings: settings.worker(for: App.tasks, process: process, isolated: isolated), orders: ordersFd)
        if let engine = opened.withLock({ $0 }) { try await engine.close() }
        if ending == .forGood { throw ExitCode(Death.drainedStatus) }
    }
}
