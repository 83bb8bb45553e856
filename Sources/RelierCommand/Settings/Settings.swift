import Foundation
public import Logging
public import Relier

/// What the command line, the environment (`RELIER_…`), `.env` and the defaults say together, checked.
public struct Settings: Sendable {
    let url: EngineURL
    let redis: RedisSettings
    let durability: Durability
    let file: FileUse
    let transactionLimit: Duration
    let checkpointBackend: CheckpointBackend
    let checkpointDirectory: String?

    /// Bodies at once in one worker process.
    public let concurrency: Int
    /// Worker processes.
    public let processes: Int
    public let queues: [WeightedQueue]
    /// The worker's label, with `%h` and `%p` as they were written.
    public let workerName: String
    public let gracePeriod: Duration
    public let stuckGrace: Duration
    /// 0 to 100.
    public let maxStuckPercent: Int
    public let lease: Duration
    public let softTimeout: Duration?
    public let hardTimeout: Duration?
    public let resultMaxBytes: Int
    public let logLevel: Logger.Level
    public let maxResurrections: Int
    public let resurrectionInterval: Duration
    public let resurrectionBatch: Int
    public let resurrectionMaxDepth: Int
    /// Tasks a second; `nil` is unlimited.
    public let resurrectionRate: Int?
    /// How old a missed tick may be to be made up for.
    public let catchUpWindow: Duration
    public let keyTTL: Duration
    public let resultTTL: Duration
    public let retention: Retention
    public let checkpointInlineBytes: Int
    public let maxPayloadBytes: Int
    /// `nil`: nothing is signed.
    public let signing: SigningKeys?
    /// How many tasks come in; `nil` when there is neither a limit nor a bound.
    public let admission: AdmissionPolicy?
    /// One line for each `RELIER_` variable that is no setting, and one with the numbers of the lines that were passed over in `.env`.
    public let warnings: [String]

    /// The engine's address, as it was given. It may have a password in it.
    public var engineURL: String { url.description }

    /// Reads the environment and the nearest `.env` at or above the working directory.
    /// - Parameter url: an address that goes before both.
    /// - Throws: ``SettingsError`` naming the value, its place and what is allowed.
    public static func load(url: String? = nil) throws(SettingsError) -> Settings {
        try load(overrides: [SettingsSource.Override(SettingsTable.url, flag: "url", text: url)].compactMap(\.self))
    }

    static func load(
        overrides: [SettingsSource.Override], environment: [String: String] = ProcessInfo.processInfo.environment,
        workingDirectory: String = FileManager.default.currentDirectoryPath
    ) throws(SettingsError) -> Settings {
        try Settings(
            SettingsSource(overrides: overrides, environment: environment, file: try DotEnv.find(from: workingDirectory)))
    }

    init(_ source: SettingsSource) throws(SettingsError) {
        /// A setting of the table that has a default always has a value.
        func required<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value {
            guard let value = try source.value(of: setting) else { throw SettingsError("\(setting.variable) has no value") }
            return value
        }
        if let (text, place) = try source.text(of: SettingsTable.url) {
            do { url = try EngineURL(text) } catch { throw SettingsError("\(place): \(error.description)") }
        } else {
            url = try required(SettingsTable.url)
        }
        let durability = try required(SettingsTable.durability)
        if case .sqlite(_, let chosen?) = url.place { self.durability = chosen } else { self.durability = durability }
        redis = RedisSettings(
            namespace: try required(SettingsTable.namespace), partitions: try required(SettingsTable.partitions),
            connectTimeout: try required(SettingsTable.connectTimeout),
            socketTimeout: try required(SettingsTable.socketTimeout), replicas: try required(SettingsTable.replicas),
            sentinels: try source.value(of: SettingsTable.sentinelNodes), master: try required(SettingsTable.sentinelMaster),
            allowance: try required(SettingsTable.unsafeRedis))
        file = try required(SettingsTable.file)
        transactionLimit = try required(SettingsTable.transactionLimit)
        maxPayloadBytes = try required(SettingsTable.maxPayloadBytes)
        concurrency = try required(SettingsTable.concurrency)
        processes = try required(SettingsTable.processes)
        queues = try required(SettingsTable.queues)
        workerName = try required(SettingsTable.workerName)
        gracePeriod = try required(SettingsTable.grace)
        stuckGrace = try required(SettingsTable.stuckGrace)
        maxStuckPercent = try required(SettingsTable.maxStuckPercent)
        softTimeout = try source.value(of: SettingsTable.softTimeout)
        hardTimeout = try source.value(of: SettingsTable.hardTimeout)
        resultMaxBytes = try required(SettingsTable.resultMaxBytes)
        logLevel = try required(SettingsTable.logLevel)
        lease = try required(SettingsTable.lease)
        maxResurrections = try required(SettingsTable.maxResurrections)
        resurrectionInterval = try required(SettingsTable.checkInterval)
        resurrectionBatch = try required(SettingsTable.batchSize)
        resurrectionMaxDepth = try required(SettingsTable.maxQueueDepth)
        resurrectionRate = try source.value(of: SettingsTable.rate)
        catchUpWindow = try required(SettingsTable.catchUp)
        keyTTL = try required(SettingsTable.keyTTL)
        resultTTL = try required(SettingsTable.resultTTL)
        // Memory is dearer than disk.
        let isHistorySet = try source.text(of: SettingsTable.historyRetention) != nil
        retention = Retention(
            history: url.place == .redis && !isHistorySet ? .minutes(10) : try required(SettingsTable.historyRetention),
            deadLetters: try required(SettingsTable.deadLetterRetention))
        checkpointInlineBytes = try required(SettingsTable.checkpointInline)
        checkpointBackend = try required(SettingsTable.checkpointBackend)
        checkpointDirectory = try source.value(of: SettingsTable.checkpointDirectory)
        signing = try source.signingKeys()
        admission = try source.admission()
        warnings = source.warnings
        if let softTimeout, let hardTimeout, softTimeout >= hardTimeout {
            throw SettingsError(
                "RELIER_SOFT_TIMEOUT (\(DurationText.write(softTimeout))) must be less than RELIER_HARD_TIMEOUT (\(DurationText.write(hardTimeout)))"
            )
        }
        if checkpointBackend == .filesystem && checkpointDirectory == nil {
            throw SettingsError(
                "RELIER_CHECKPOINT_BACKEND is filesystem, which needs RELIER_CHECKPOINT_DIR: a directory that every worker shares")
        }
    }
}
