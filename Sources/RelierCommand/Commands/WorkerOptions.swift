import ArgumentParser
import Logging
import Relier

/// What `worker` takes on the command line and hands on to the processes it starts.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Tasks at once in one process (RELIER_CONCURRENCY).", valueName: "number"))
    var concurrency: String?

    @Option(help: ArgumentHelp("Queues with weights, such as high=3,default (RELIER_QUEUES).", valueName: "queues"))
    var queues: String?

    @Option(help: ArgumentHelp("The worker's label; %h is the host, %p the process id (RELIER_WORKER_NAME).", valueName: "label"))
    var name: String?

    @Option(help: ArgumentHelp("How long to let tasks finish when stopping (RELIER_GRACEFUL_SHUTDOWN_TIMEOUT).", valueName: "seconds"))
    var grace: String?

    @Option(help: ArgumentHelp("How long a silent worker keeps its tasks (RELIER_HEARTBEAT_TTL).", valueName: "seconds"))
    var lease: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (RELIER_LOG_LEVEL).", valueName: "level"))
    var logLevel: String?

    var overrides: [SettingsSource.Override?] {
        [
            .init(SettingsTable.concurrency, flag: "--concurrency", text: concurrency),
            .init(SettingsTable.queues, flag: "--queues", text: queues),
            .init(SettingsTable.workerName, flag: "--name", text: name),
            .init(SettingsTable.grace, flag: "--grace", text: grace),
            .init(SettingsTable.lease, flag: "--lease", text: lease),
            .init(SettingsTable.logLevel, flag: "--log-level", text: logLevel),
        ]
    }
}

/// The arguments of the hidden `worker-process` command, made in one place from what `worker` resolved. The engine's address is not among them but in the
/// environment: it may have a password in it, and arguments are everybody's to read.
enum WorkerProcessArguments {
    /// Every option is given, so that a process started later cannot differ from its siblings.
    static func make(settings: Settings, process: TaskID, isolated: Bool) -> [String] {
        ["worker-process", "--process", process.description, "--orders-fd", "3"] + (isolated ? ["--isolated"] : []) + [
            "--concurrency=\(settings.concurrency)",
            "--queues=\(settings.queues.map { "\($0.queue.name)=\($0.weight)" }.joined(separator: ","))",
            "--name=\(settings.workerName)",
            "--grace=\(DurationText.write(settings.gracePeriod))",
            "--lease=\(DurationText.write(settings.lease))",
            "--log-level=\(settings.logLevel.rawValue)",
        ]
    }
}
