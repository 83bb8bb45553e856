package import Foundation
import Logging
import NIOCore
import RESP
public import Relier
import Synchronization

/// The engine on Redis 7 or Valkey, for clusters of machines.
///
/// Each operation is one script on the server, atomic there, for many tasks at once. What a call accepted survives what the server's own persistence
/// survives: with `appendonly yes` and `appendfsync everysec` a crash of the server's machine may undo the last second, a crash of a client nothing.
///
/// The engine's clock is the server's `TIME`. A worker's death that nobody saw is found when its lease has stood still.
///
/// Any number of engines, in any number of processes, share a namespace. One engine a process is enough: its calls share few connections.
public final class RedisEngine: Engine {
    /// The server's address without user and password, and the database.
    public let location: String
    let options: RedisOptions
    let partitions: Partitions
    let waiters = Waiters()
    let wakeups: Wakeups
    let leases: LeaseLine
    let pushes: PushLine
    let rotation: Rotation
    private let readiness: Readiness

    /// An engine at `redis://user:password@host:port/database`, `rediss://` for TLS, or `unix:///path`. Nothing is connected yet: the first call does
    /// that, and looks whether the server is fit (``connect(_:options:)``).
    ///
    /// - Throws: `failed` for a URL or an option that cannot be.
    public convenience init(_ url: String, options: RedisOptions = RedisOptions()) throws(EngineError) {
        let endpoint: RESPEndpoint
        do throws(RESPError) {
            endpoint = try RESPEndpoint(url: url)
        } catch {
            throw EngineError(.failed, error.message, cause: error)
        }
        let place = endpoint.database == 0 ? endpoint.description : "\(endpoint.description)/\(endpoint.database)"
        try self.init(place: place, options: options) { (settings) throws(RESPError) in try RESPClient(endpoint, options: settings) }
    }

    /// An engine on the master that Sentinel names.
    ///
    /// - Parameters:
    ///   - sentinels: `host:port,host:port`; the port is 26379 unless it is said.
    ///   - master: the name by which the sentinels know it.
    ///   - url: user, password, database and TLS of the master, as in ``init(_:options:)``; its address is not used.
    /// - Throws: `failed` for a setting that cannot be.
    public convenience init(
        sentinels: String, master: String, url: String = "redis://", options: RedisOptions = RedisOptions()
    ) throws(EngineError) {
        let sentinel: RESPSentinel
        do throws(RESPError) {
            sentinel = RESPSentinel(masterName: master, nodes: try RESPSentinel.nodes(sentinels), server: try RESPEndpoint(url: url))
        } catch {
            throw EngineError(.failed, error.message, cause: error)
        }
        try self.init(place: "sentinel \(sentinels), master \(master)", options: options) { (settings) throws(RESPError) in
            try RESPClient(sentinel, options: settings)
        }
    }

    private init(
        place: String, options: RedisOptions, makeClient: @escaping LeaseLine.MakeClient
    ) throws(EngineError) {
        try options.validate()
        self.options = options
        location = "redis at \(place), namespace \(options.namespace)"
        var settings = RESPClientOptions()
        settings.connections = options.connections
        settings.connectTimeout = options.connectTimeout
        settings.commandTimeout = options.commandTimeout
        settings.logger = options.logger
        let client: RESPClient
        do throws(RESPError) {
            client = try makeClient(settings)
        } catch {
            throw EngineError(.failed, error.message, cause: error)
        }
        leases = LeaseLine(makeClient: makeClient, options: settings)
        var flags = ByteWriter()
        flags.byte(options.movesClocks ? 1 : 0)
        for duration in [options.retention.deadLetters, options.retention.history, options.retention.crashReports] {
            flags.int64(Microseconds.clamped(duration))
        }
        flags.byte(options.partitions)
        let durability = options.durability
        let replicated = durability.replicas == 0 ? nil : client.replicated(to: durability.replicas, within: durability.patience)
        let servers = (0..<options.partitions).map { [location] partition in
            Server(
                client: client, replicated: replicated, location: location, partition: partition,
                anchor: "\(options.namespace):{\(partition)}", settings: flags.bytes)
        }
        partitions = Partitions(servers, homes: Homes(), isMute: options.losesMail)
        pushes = PushLine { [partitions] (tasks, policy) throws(EngineError) in try await partitions.push(tasks, policy: policy) }
        wakeups = Wakeups(client: client, anchors: servers.map(\.anchor), waiters: waiters, logger: options.logger)
        rotation = Rotation(count: servers.count)
        readiness = Readiness()
    }

    /// Opens an engine and looks at its server at once: reachable, RESP3, version 7 or later, a master that takes writes, keeps its data on disk and
    /// never drops keys for want of memory.
    ///
    /// - Throws: `unavailable` within the connect timeout when the server cannot be reached or refuses the login; `failed` in one line that names the
    ///   setting when the server is not fit. ``RedisOptions/allowsNoPersistence`` and ``RedisOptions/allowsEviction`` let two of these pass.
    public static func connect(_ url: String, options: RedisOptions = RedisOptions()) async throws(EngineError) -> RedisEngine {
        let engine = try RedisEngine(url, options: options)
        do {
            try await engine.ready()
        } catch {
            try? await engine.close()
            throw error
        }
        return engine
    }

    /// Looks at the server before the first call goes out; once it was fit, never again.
    func ready() async throws(EngineError) {
        if readiness.isReady { return }
        let report = try await ServerReport.read(from: server)
        try report.require(by: options, at: location)
        try await requirePartitions()
        readiness.note()
    }

    /// The partition of what there is one of. With one partition it is all there is.
    var server: Server { partitions.first }

    public func now() async throws(EngineError) -> EngineTime { try await clocks().engine }

    /// The engine's clock and the wall clock.
    func clocks() async throws(EngineError) -> (engine: EngineTime, wall: Int64) {
        try await ready()
        let reply = try await server.run(Scripts.clock, resends: true)
        return (EngineTime(microseconds: reply.list.first?.number ?? 0), reply.list.last?.number ?? 0)
    }

    /// Moves the clocks of all engines that were opened for it. For tests.
    package func moveClocks(engine: Duration, wall: Duration) async throws(EngineError) {
        _ = try await partitions.everywhere { (server) throws(EngineError) in
            try await server.run(Scripts.clock) { call in
                call.append(Int(engine.microseconds))
                call.append(Int(wall.microseconds))
            }
        }
    }

    /// What the wall clock of the engine shows. For tests.
    package func wallClock() async throws(EngineError) -> Date {
        Date(timeIntervalSince1970: Double(try await clocks().wall) / 1e6)
    }

    /// CPU seconds that the server has used. For benchmarks.
    package func serverCPU() async throws(EngineError) -> Double {
        let report = try await ServerReport.read(from: server)
        return ["used_cpu_user", "used_cpu_sys"].compactMap { report[$0].flatMap(Double.init) }.reduce(0, +)
    }

    /// A key of the engine's namespace and a command on it. For tests that play foreign hands.
    package func tamper(
        _ command: String, _ key: [UInt8], _ arguments: [[UInt8]], partition: Int = 0
    ) async throws(EngineError) -> [UInt8]? {
        var sent = RESPCommand(command)
        sent.append(bytes: Array(partitions.servers[partition].anchor.utf8) + key)
        for argument in arguments { sent.append(bytes: argument) }
        return try await server.send(sent).bytes
    }

    public func close() async throws(EngineError) {
        waiters.close()
        await wakeups.close()
        await leases.close()
        await server.client.close()
    }
}

private final class Readiness: Sendable {
    private let flag = Atomic<Bool>(false)
    var isReady: Bool { flag.load(ordering: .relaxed) }
    func note() { flag.store(true, ordering: .relaxed) }
}
