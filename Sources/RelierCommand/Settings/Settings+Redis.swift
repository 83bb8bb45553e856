import Relier

#if Redis
    import RelierRedis
#endif

extension SettingsTable {
    static let namespace = Setting<String>.text(
        "NAMESPACE", "Redis", default: "rl", allowed: "1 to 64 letters, digits, '-', '_', '.' and ':'",
        "What stands before every key, so that several systems can share a server.")
    static let partitions = Setting<Int>.integer(
        "REDIS_PARTITIONS", "Redis", 1...64, default: 1,
        "Into how many partitions the namespace is divided. Fixed when it is created: whoever comes with another number is refused.")
    static let connectTimeout = Setting<Duration>.duration(
        "REDIS_CONNECT_TIMEOUT", "Redis", .milliseconds(10) ... .minutes(10), default: "2",
        "How long an attempt to connect may take, and how long a call waits for a connection.")
    static let socketTimeout = Setting<Duration>.duration(
        "REDIS_SOCKET_TIMEOUT", "Redis", .milliseconds(10) ... .minutes(10), default: "5", "How long a call waits for its answer.")
    static let replicas = Setting<Int>.integer(
        "REDIS_REPLICAS", "Redis", 0...16, default: 0,
        "How many replicas must have a push or a commit before it counts as done. 0 waits for the master alone: a failover may lose its last moments."
    )
    static let sentinelNodes = Setting<String>.text(
        "REDIS_SENTINEL_NODES", "Redis", default: nil, allowed: "host:port, with commas between",
        "The sentinels to ask for the master. User, password, database and TLS are those of RELIER_URL, its host is not used.")
    static let sentinelMaster = Setting<String>.text(
        "REDIS_SENTINEL_MASTER_NAME", "Redis", default: "relier-master", allowed: "a name",
        "The name by which the sentinels know the master.")
    static let unsafeRedis = Setting<RedisAllowance>.choice(
        "REDIS_ALLOW", "Redis", default: .safe,
        "`safe` refuses a server that keeps nothing on disk or may drop keys for want of memory. `no-persistence` and `eviction` let one of these pass, `anything` both."
    )
}

/// What a Redis server may lack.
enum RedisAllowance: String, CaseIterable, Sendable {
    case safe
    case noPersistence = "no-persistence"
    case eviction, anything
}

/// The settings that only a Redis or Valkey server has.
struct RedisSettings: Sendable {
    let namespace: String
    let partitions: Int
    let connectTimeout: Duration
    let socketTimeout: Duration
    let replicas: Int
    let sentinels: String?
    let master: String
    let allowance: RedisAllowance
}

#if Redis
    extension RedisSettings {
        func engine(_ url: EngineURL, retention: Retention, settings: Settings) throws -> any Engine {
            let options = RedisOptions(
                namespace: namespace, retention: retention, connectTimeout: connectTimeout, commandTimeout: socketTimeout,
                partitions: partitions, durability: replicas == 0 ? .server : .replicated(replicas),
                allowsNoPersistence: allowance == .noPersistence || allowance == .anything,
                allowsEviction: allowance == .eviction || allowance == .anything, logger: settings.logger("relier.redis"))
            guard let sentinels else { return try RedisEngine(url.description, options: options) }
            return try RedisEngine(sentinels: sentinels, master: master, url: url.description, options: options)
        }
    }
#endif
