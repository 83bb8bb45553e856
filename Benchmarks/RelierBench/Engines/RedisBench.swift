import Foundation
import RESP
import RelierSQLite
import Synchronization

/// Redis, on a server that is this run's own.
final class RedisBench: BenchEngine {
    let server: RedisServer
    /// For what is asked of the server itself.
    private let client: RESPClient
    private let scratch: Scratch
    private let made = Mutex(0)

    var name: EngineName { .redis }
    var rawGroup: Int { 32 }

    private init(_ server: RedisServer, _ client: RESPClient, _ scratch: Scratch) {
        self.server = server
        self.client = client
        self.scratch = scratch
    }

    static func start(_ scratch: Scratch) async throws -> RedisBench {
        let server = try await RedisServer.start(in: try scratch.directory())
        return RedisBench(server, try server.client(), scratch)
    }

    /// A namespace; durability is the server's.
    func site(_ durability: SQLiteOptions.Durability) -> Site {
        let number = made.withLock { made in
            made += 1
            return made
        }
        return .redis(url: server.url, namespace: "bench\(number)")
    }

    func clear() async throws {
        _ = try await client.send(RESPCommand("FLUSHALL"))
        _ = try await client.send(RESPCommand("BGREWRITEAOF"))
        while try await info("persistence")["aof_rewrite_in_progress"] != "0" { try await Task.sleep(for: .milliseconds(20)) }
    }

    func raw(group: Int, tasks: Int, _ durability: SQLiteOptions.Durability) async throws -> RawRates {
        try await clear()
        let rates = try await RawRedis(port: server.port, client: client).measure(group: group, tasks: tasks)
        try await clear()
        return rates
    }

    func bareLatencies(_ count: Int) async throws -> Latencies {
        let value = String(repeating: "x", count: NoOp.payloadBytes)
        var latencies = Latencies()
        for _ in 0..<count {
            let start = Monotonic.now()
            _ = try await client.send(RESPCommand("SET", "bare", value))
            latencies.add(Monotonic.now() - start)
        }
        return latencies
    }

    func twin() async throws -> any BenchEngine { try await Self.start(scratch) }

    func close() async {
        await client.close()
        await server.stop()
    }

    // MARK: What the server says of itself

    func info(_ section: String) async throws -> [String: String] {
        let text = try await client.send(RESPCommand("INFO", section)).string ?? ""
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        return fields
    }

    /// Calls of clients so far, this program's own INFO apart. The server counts what scripts call under the same names; they call none of these.
    func clientCalls() async throws -> Int {
        let names = ["evalsha", "eval", "subscribe", "unsubscribe", "hello", "ping", "wait", "auth", "select", "role", "script|load"]
        let stats = try await info("commandstats")
        return names.reduce(0) { sum, name in
            let calls = stats["cmdstat_\(name)"]?.split(separator: ",").first?.dropFirst("calls=".count)
            return sum + (calls.flatMap { Int($0) } ?? 0)
        }
    }

    /// Bytes of data: what the server uses without the buffers of clients and of the append-only file.
    func dataBytes() async throws -> Int {
        let memory = try await info("memory")
        func bytes(_ name: String) -> Int { memory[name].flatMap { Int($0) } ?? 0 }
        return bytes("used_memory") - bytes("mem_clients_normal") - bytes("mem_aof_buffer")
    }

    /// What a queued task takes where it is a hash and an entry of a list, and nothing else.
    func rawBytes(tasks: Int) async throws -> Double {
        try await clear()
        let before = try await dataBytes()
        try await RawRedis(port: server.port, client: client).fill(tasks)
        let after = try await dataBytes()
        try await clear()
        return Double(after - before) / Double(tasks)
    }
}
