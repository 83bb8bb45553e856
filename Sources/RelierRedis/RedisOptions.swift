public import Logging
public import Relier

/// How a ``RedisEngine`` reaches its server and keeps what it holds there.
public struct RedisOptions: Sendable {
    /// What stands before every key, so that several systems can share a server. 1 to 64 letters, digits, `-`, `_`, `.` and `:`; `rl` unless set, as in
    /// commands: programs and workers find each other.
    public var namespace: String
    /// How long records are kept. A committed task's record lives as long as its result, and at least ``Relier/Retention/history``, which is
    /// 10 minutes here: the records of millions of tasks would fill the memory. Cancelled tasks are kept for a day at least.
    public var retention: Retention
    /// Connections for commands, from 1 to 64; subscriptions and leases have their own.
    public var connections: Int
    /// For an attempt to connect, and for the wait of a call for a connection; more than zero, at most a day.
    public var connectTimeout: Duration
    /// From a call to its answer; more than zero, at most a day. After it the outcome is unknown.
    public var commandTimeout: Duration
    /// Into how many partitions the namespace is divided, from 1 to 64, each with a hash tag of its own. Fixed when the namespace is created: an engine with
    /// another number is refused. Several pay where one server's core does not carry the load; with one every operation is a single step.
    public var partitions: Int
    /// What pushes and commits wait for. Those that need more than the rest get an engine of their own with another setting; both see the same tasks.
    public var durability: RedisDurability
    /// Accept a server that keeps nothing on disk (neither `appendonly` nor snapshots): a restart of it loses every task.
    public var allowsNoPersistence: Bool
    /// Accept a `maxmemory-policy` that may drop tasks when memory is short.
    public var allowsEviction: Bool
    public var logger: Logger
    /// Reads the clocks through an offset in the namespace that tests move.
    package var movesClocks = false
    /// Dies, for tests, before the second step of whatever concerns two partitions.
    package var losesMail = false

    public init(
        namespace: String = "rl", retention: Retention = Retention(history: .minutes(10)), connections: Int = 1,
        connectTimeout: Duration = .seconds(2), commandTimeout: Duration = .seconds(5), partitions: Int = 1,
        durability: RedisDurability = .server, allowsNoPersistence: Bool = false, allowsEviction: Bool = false,
        logger: Logger = Logger(label: "relier.redis")
    ) {
        self.namespace = namespace
        self.retention = retention
        self.connections = connections
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.partitions = partitions
        self.durability = durability
        self.allowsNoPersistence = allowsNoPersistence
        self.allowsEviction = allowsEviction
        self.logger = logger
    }

    func validate() throws(EngineError) {
        guard (1...64).contains(partitions) else {
            throw EngineError(.failed, "a Redis namespace has 1 to 64 partitions, not \(partitions)")
        }
        let allowed = namespace.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || [45, 46, 95].contains(byte)
        }
        guard (1...64).contains(namespace.utf8.count), allowed else {
            throw EngineError(
                .failed, "the Redis namespace '\(namespace)' has to be 1 to 64 letters, digits and '-', '_', '.', ':'; set another")
        }
    }
}
