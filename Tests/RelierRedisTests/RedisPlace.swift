import Foundation
import RESP
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// The ways in which servers are set up. Servers of each are started when the first test asks, and serve all of a run.
enum RedisPlace: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case standalone
    /// Over TLS, as a user with the rights that the guide says suffice.
    case limitedUserOverTLS
    /// Found through Sentinel; what is pushed and committed waits for the replica.
    case sentinel
    /// Standalone, with a namespace in four parts.
    case fourPartitions

    var testDescription: String { rawValue }

    /// What the guide's rights allow.
    static let prefix = "rl:"

    func options(namespace: String, retention: Retention = Retention(history: .minutes(20))) -> RedisOptions {
        var options = RedisOptions(namespace: namespace, retention: retention)
        // On a machine that is busy with other tests.
        options.connectTimeout = .seconds(20)
        options.commandTimeout = .seconds(20)
        if self == .fourPartitions { options.partitions = 4 }
        if self == .sentinel { options.durability = .replicated(1, within: .seconds(15)) }
        options.movesClocks = true
        return options
    }

    func engine(_ options: RedisOptions) async throws -> RedisEngine {
        switch self {
        case .standalone, .fourPartitions: try RedisEngine(try await RedisServer.shared.value.url, options: options)
        case .limitedUserOverTLS: try RedisEngine(try await Self.guarded.value.url, options: options)
        case .sentinel:
            try RedisEngine(sentinels: "127.0.0.1:\(try await Self.watched.value.sentinel.port)", master: "relier-master", options: options)
        }
    }

    private static let guarded = Task {
        let user = RedisServer.User(name: "relier", password: "s3cr3t", rights: try guidedRights())
        return try await RedisServer(.init(append: .unsynced, user: user, certificates: TestCertificates()))
    }

    /// From `ACL SETUSER relier on >password …` in docs/redis.md.
    private static func guidedRights() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(contentsOf: root.appendingPathComponent("docs/redis.md"), encoding: .utf8)
        let start = "ACL SETUSER relier on >password "
        let line = try #require(guide.split(separator: "\n").first { $0.hasPrefix(start) }, "the guide names no rights")
        return String(line.dropFirst(start.utf8.count))
    }

    private struct Watched: Sendable {
        let master: RedisServer
        let replica: RedisServer
        let sentinel: RedisServer
    }

    private static let watched = Task {
        let master = try await RedisServer(.init(append: .unsynced))
        let replica = try await RedisServer(.init(append: .unsynced, master: master.port))
        // Patient, so that a busy machine makes it no failover.
        let sentinel = try await RedisServer(.sentinel(of: master.port, name: "relier-master", silence: 60_000))
        try await until("the replica follows", within: .seconds(30)) {
            try await replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
        }
        return Watched(master: master, replica: replica, sentinel: sentinel)
    }
}
