import Foundation
public import Logging
public import Relier
import RelierSQLite

extension Settings {
    /// A logger to standard error at the level that is set. Whoever logs is not held up by a reader that stands still: lines beyond 1 MiB are dropped, and
    /// their number is told when the reader is back.
    public func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler(label: $0, stream: StandardErrorLines()) }
        logger.logLevel = logLevel
        return logger
    }

    /// Opens the engine. Of a server, the first call finds out whether it is there and fit.
    /// - Parameter create: whether a database file that is not there is made. Workers and programs that push do; operators' commands do not, so that
    ///   a wrong directory does not look like an empty system.
    /// - Throws: ``CommandError`` when there is no database and none is to be made; `EngineError` when it cannot be opened.
    public func openEngine(create: Bool) throws -> any Engine { try openEngine(for: create ? .creating : .operating) }

    /// - Parameter onLoss: called once when a database file was replaced or removed while the engine has it open.
    func openEngine(for use: EngineUse, onLoss: (@Sendable (EngineError) -> Void)? = nil) throws -> any Engine {
        guard case .sqlite(let path, _) = url.place else {
            #if Redis
                return try redis.engine(url, retention: retention, settings: self)
            #else
                throw CommandError("this program was built without the trait 'Redis' of relier")
            #endif
        }
        if use != .creating && !FileManager.default.fileExists(atPath: path) {
            let place = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
            throw CommandError(
                "no database at \(place); a worker or a push of your program creates it. Is this the right directory? Another one: --url sqlite:PATH or RELIER_URL"
            )
        }
        return try SQLiteEngine(
            path: path,
            options: SQLiteOptions(
                create: use == .creating, readOnly: use == .looking, durability: durability == .relaxed ? .relaxed : .durable,
                transactionLimit: transactionLimit,
                sharesFile: file == .shared, retention: retention,
                onLoss: onLoss, logger: logger("relier.sqlite")))
    }

    var checkpoints: CheckpointSettings {
        switch (checkpointBackend, checkpointDirectory) {
        case (.filesystem, let directory?): .filesystem(directory: directory, inlineBytes: checkpointInlineBytes)
        default: .inline(maxBytes: checkpointInlineBytes)
        }
    }

    /// How a client of these settings pushes.
    /// - Parameter tasks: what this program's workers run, if that is known.
    public func client(for tasks: [any RelierTask.Type]? = nil) -> ClientSettings {
        ClientSettings(
            resultTTL: resultTTL, keyTTL: keyTTL, maxPayloadBytes: maxPayloadBytes, signing: signing,
            knownNames: tasks.map { Set($0.map { $0.name }) }, admission: admission, logger: logger("relier"))
    }

    /// A worker of these settings.
    public func worker(for tasks: [any RelierTask.Type], process: TaskID = .next(), isolated: Bool = false) -> WorkerSettings {
        WorkerSettings(
            concurrency: concurrency, queues: queues, name: workerName, lease: lease, gracePeriod: gracePeriod,
            stuckGrace: stuckGrace, maxStuckShare: Double(maxStuckPercent) / 100, softTimeout: softTimeout, hardTimeout: hardTimeout,
            resultMaxBytes: resultMaxBytes, checkpoints: checkpoints,
            client: client(for: tasks), process: process, isolated: isolated, catchUpWindow: catchUpWindow,
            logger: logger("relier.worker"))
    }

    /// How sweeps are paced.
    public var resurrection: ResurrectionSettings {
        ResurrectionSettings(
            interval: resurrectionInterval,
            limits: ReleaseLimits(maxResurrections: maxResurrections, batch: resurrectionBatch, maxRequeueDepth: resurrectionMaxDepth),
            rate: resurrectionRate, checkpoints: checkpoints)
    }

    /// A supervisor whose workers are this program's hidden `worker-process` command.
    /// - Parameter tasks: the tasks whose schedules it keeps; `nil` for none.
    public func supervisor(for tasks: TaskRegistry? = nil, onEvent: (@Sendable (SupervisorEvent) -> Void)? = nil) -> SupervisorSettings {
        SupervisorSettings(
            processes: processes,
            arguments: { process, isolated in WorkerProcessArguments.make(settings: self, process: process, isolated: isolated) },
            environment: [SettingsTable.url.variable: engineURL], gracePeriod: gracePeriod, resurrection: resurrection, schedules: tasks,
            scheduling: SchedulingSettings(catchUpWindow: catchUpWindow, client: client()), onEvent: onEvent,
            logger: logger("relier.supervisor"))
    }
}
