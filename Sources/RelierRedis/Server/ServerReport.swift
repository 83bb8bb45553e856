import RESP
import Relier

/// What a server says of itself (`INFO`, since managed servers often forbid `CONFIG`).
struct ServerReport {
    private let fields: [String: String]

    static func read(from server: Server) async throws(EngineError) -> ServerReport {
        let reply = try await server.send(RESPCommand("INFO"))
        var fields: [String: String] = [:]
        for line in reply.text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return ServerReport(fields: fields)
    }

    init(fields: [String: String]) { self.fields = fields }

    subscript(_ name: String) -> String? { fields[name] }

    /// `Redis 7.0.15`, `Valkey 8.0.1`.
    var product: String {
        if let valkey = fields["valkey_version"] { return "Valkey \(valkey)" }
        return "Redis \(fields["redis_version"] ?? "of unknown version")"
    }

    var isRecent: Bool {
        if fields["valkey_version"] != nil { return true }
        guard let major = fields["redis_version"]?.split(separator: ".").first.flatMap({ Int($0) }) else { return true }
        return major >= 7
    }

    var isMaster: Bool { fields["role"].map { $0 == "master" } ?? true }
    var appendsOnly: Bool { fields["aof_enabled"] == "1" }
    /// Snapshots cannot be seen for certain without `CONFIG`; a server that never made one, and has not kept account of changes, makes none.
    var makesSnapshots: Bool { fields["rdb_saves"].map { $0 != "0" } ?? false }
    var evictionPolicy: String? { fields["maxmemory_policy"] }
    var maxMemory: Int64 { fields["maxmemory"].flatMap { Int64($0) } ?? 0 }
    var usedMemory: Int64 { fields["used_memory"].flatMap { Int64($0) } ?? 0 }
    var replicas: Int { fields["connected_slaves"].flatMap { Int($0) } ?? 0 }
    var lastWriteFailed: Bool { fields["aof_last_write_status"].map { $0 != "ok" } ?? false }

    func require(by options: RedisOptions, at location: String) throws(EngineError) {
        if !isRecent { throw EngineError(.failed, "\(location) runs \(product); Relier needs Redis 7 or Valkey") }
        if !isMaster {
            throw EngineError(.unavailable, "\(location) is a replica; give the address of the master, or Sentinel's")
        }
        if let evictionPolicy, evictionPolicy != "noeviction", !options.allowsEviction {
            throw EngineError(
                .failed,
                "\(location) has maxmemory-policy \(evictionPolicy), which drops tasks when memory is short; set it to noeviction")
        }
        if !appendsOnly, !makesSnapshots, !options.allowsNoPersistence {
            throw EngineError(
                .failed, "\(location) keeps nothing on disk, a restart would lose every task; set 'appendonly yes', or allow it")
        }
    }
}
