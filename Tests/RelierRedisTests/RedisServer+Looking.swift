import RESP
import RelierTesting
import TestSupport

extension RedisServer {
    /// One for all checks of a run. It need not sync: no test of these ends it.
    static let shared = Task { try await RedisServer(.init(append: .unsynced)) }

    /// Sets `maxmemory` below what is used already.
    func limitMemory() async throws { try await command("CONFIG", "SET", "maxmemory", "1mb") }

    /// What the data takes: without the buffers of connections and of the append-only file.
    func usedMemory() async throws -> Int {
        var used = try await info("memory", "used_memory") ?? 0
        for buffer in ["mem_clients_normal", "mem_aof_buffer"] { used -= try await info("memory", buffer) ?? 0 }
        return used
    }

    /// Suspends until so many wait for work in a namespace, in each of its partitions.
    func awaitWaiters(_ count: Int, in namespace: String, partitions: Int = 1) async throws {
        try await commands { client in
            for partition in 0..<partitions {
                try await until("\(count) wait for work in \(namespace), partition \(partition)", within: .seconds(30)) {
                    try await client.send(RESPCommand("HLEN", "\(namespace):{\(partition)}:IQ")).integer == count
                }
            }
        }
    }

    func keys() async throws -> [String] { try await command("KEYS", "*").elements?.compactMap(\.string) ?? [] }
}

struct Missing: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
