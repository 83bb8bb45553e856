import Foundation
import Logging
import Relier
import RelierRedis
import RelierTesting
import Synchronization
import TestSupport
import Testing

struct SceneFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A place for evidence, and real worker processes that work for a server.
final class RedisScene: Sendable {
    let directory: TemporaryDirectory
    private let groups = Mutex<[WorkerGroup]>([])

    var evidence: String { directory.file("evidence") }
    var gate: String { directory.file("gate") }

    init() throws { directory = try TemporaryDirectory() }

    /// A scene whose processes end whatever happens.
    static func run(_ body: (RedisScene) async throws -> Void) async throws {
        let scene = try RedisScene()
        defer { scene.end() }
        try await body(scene)
    }

    /// A scene whose processes reach a server of their own through a proxy, two workers joined.
    static func behindProxy(_ body: (RedisScene, TCPProxy, RedisEngine, WorkerGroup) async throws -> Void) async throws {
        let server = try await RedisServer(.init(append: .unsynced))
        defer { server.stop() }
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.close() }
        try await run { scene in
            let url = "redis://127.0.0.1:\(proxy.port)"
            let engine = try await RedisEngine.connect(url, options: options())
            let workers = try scene.workers(at: url, ["--processes=2"])
            try await until("both workers have joined") { try await engine.workers().count == 2 }
            try await body(scene, proxy, engine, workers)
            #expect(workers.drain() == 0)
            try await engine.close()
        }
    }

    /// How often a test plays its fault: `TEST_ROUNDS`, or as often as a run of all tests can afford.
    static func rounds(_ usual: Int) -> Int { ProcessInfo.processInfo.environment["TEST_ROUNDS"].flatMap(Int.init) ?? usual }

    static func options(_ change: (inout RedisOptions) -> Void = { _ in }) -> RedisOptions {
        var options = RedisOptions(logger: Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() })
        change(&options)
        return options
    }

    /// Starts `relier-fixture worker`: a supervisor and worker processes under it.
    func workers(at url: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws -> WorkerGroup {
        let group = try WorkerGroup(arguments: arguments, environment: environment.merging(["RELIER_URL": url]) { $1 })
        groups.withLock { $0.append(group) }
        return group
    }

    func openGate() { _ = FileManager.default.createFile(atPath: gate, contents: Data()) }

    /// The lines that bodies left, in the order of their writing.
    func lines(_ suffix: String = "") -> [String] {
        guard let text = try? String(contentsOfFile: evidence + suffix, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }

    func end() { for group in groups.withLock({ $0 }) { group.kill() } }
}
