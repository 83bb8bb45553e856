import ArgumentParser
import Foundation
import Relier
import RelierRedis
import RelierSQLite

/// Where a demo keeps its tasks: a file of its own, or a namespace of its own on a server.
enum DemoPlace {
    case sqlite(path: String)
    case redis(url: String, namespace: String)

    /// - Parameter url: `sqlite:PATH` of a file that does not exist, a server's address, or `nil` for a file in `directory`.
    init(_ url: String?, directory: URL) throws {
        guard let url else {
            self = .sqlite(path: directory.appendingPathComponent("demo.db").path)
            return
        }
        if url.hasPrefix("redis") || url.hasPrefix("valkey") || url.hasPrefix("unix:") {
            self = .redis(url: url, namespace: "demo-\(UInt32.random(in: 0 ... .max))")
            return
        }
        guard url.hasPrefix("sqlite:"), url.count > 7 else {
            throw ValidationError("--url \(url): give a file as sqlite:PATH, or a server as redis://HOST:PORT")
        }
        let path = String(url.dropFirst(7))
        if FileManager.default.fileExists(atPath: path) {
            throw ValidationError("--url \(url): the file is there already; the demo needs a fresh one")
        }
        self = .sqlite(path: URL(fileURLWithPath: path).path)
    }

    func open() async throws -> any Engine {
        switch self {
        case .sqlite(let path): try SQLiteEngine(path: path)
        case .redis(let url, let namespace): try await RedisEngine.connect(url, options: RedisOptions(namespace: namespace))
        }
    }

    /// What workers need to know of it.
    var environment: [String: String] {
        switch self {
        case .sqlite(let path): ["RELIER_URL": "sqlite:\(path)"]
        case .redis(let url, let namespace): ["RELIER_URL": url, "RELIER_NAMESPACE": namespace]
        }
    }

    /// Leaves nothing on a server. A file goes with its directory.
    func clear() async throws {
        guard case .redis(let url, let namespace) = self else { return }
        let engine = try await RedisEngine.connect(url, options: RedisOptions(namespace: namespace))
        let result: Result<Void, any Error>
        do { result = .success(try await engine.removeNamespace()) } catch { result = .failure(error) }
        try await engine.close()
        try result.get()
    }

    /// Where to look when a run has failed, for people.
    var remainder: String {
        switch self {
        case .sqlite(let path): ", the database is \(path)"
        // Not the URL, which may hold a password.
        case .redis(let url, let namespace):
            (try? RedisEngine(url, options: RedisOptions(namespace: namespace))).map { ", the tasks are in \($0.location)" } ?? ""
        }
    }
}
