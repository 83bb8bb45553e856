public import GRDB
public import Logging
public import Relier

/// How a ``SQLiteEngine`` opens and keeps its database.
public struct SQLiteOptions: Sendable {
    /// What a crash of the machine may cost. A crash of a process costs nothing either way.
    public enum Durability: String, Sendable, Hashable {
        /// Every accepted write is on disk when the call returns (`synchronous=FULL`).
        case durable
        /// The writes of the last moments may be undone by a power cut or a kernel crash, never torn (`synchronous=NORMAL`).
        case relaxed
    }

    /// Create the database where there is none. Operators' commands pass `false`, so that a wrong directory does not look like an empty system.
    public var create: Bool
    /// Only look: nothing is made, brought up to date or written, and nobody who writes is waited for. Calls that would write throw `readOnly`.
    public var readOnly: Bool
    public var durability: Durability
    /// How long a call waits for other processes that write; more than zero.
    public var busyTimeout: Duration
    /// How long a closure of ``SQLiteEngine/write(limit:_:)`` or ``Relier/TaskContext/commit(limit:_:)`` may hold its transaction; more than zero.
    /// A worker's process that a closure still holds at twice this time, without writing, is left.
    public var transactionLimit: Duration
    /// Prepares the connections on which such closures run: functions, collations, pragmas.
    public var prepareDatabase: (@Sendable (Database) throws -> Void)?
    /// Whether Relier's tables may be made in a file that holds tables of another program. A file that Relier made may take in others' at any time.
    public var sharesFile: Bool
    public var retention: Retention
    public var clock: SQLiteClock
    /// Called once, on whatever thread, when the database file was replaced or removed while the engine has it open. From then on every call throws
    /// `unavailable`, and no lease is renewed; a program that can leave, so that it is started anew, does it here.
    public var onLoss: (@Sendable (EngineError) -> Void)?
    public var logger: Logger

    public init(
        create: Bool = true, readOnly: Bool = false, durability: Durability = .durable, busyTimeout: Duration = .seconds(5),
        transactionLimit: Duration = .seconds(5), prepareDatabase: (@Sendable (Database) throws -> Void)? = nil, sharesFile: Bool = false,
        retention: Retention = Retention(), clock: SQLiteClock = .system, onLoss: (@Sendable (EngineError) -> Void)? = nil,
        logger: Logger = Logger(label: "relier.sqlite")
    ) {
        self.create = create
        self.readOnly = readOnly
        self.durability = durability
        self.busyTimeout = busyTimeout
        self.transactionLimit = transactionLimit
        self.prepareDatabase = prepareDatabase
        self.sharesFile = sharesFile
        self.retention = retention
        self.clock = clock
        self.onLoss = onLoss
        self.logger = logger
    }
}
