import Foundation
import Synchronization

/// A `redis-server` of the tests' own, on a free port of this machine, in a directory of its own; gone with the process at the latest.
final class RedisServer: Sendable {
    let port: Int
    private let directory: URL
    private let arguments: [String]
    private let pid = Mutex<Int32>(0)

    /// One for all checks of a run.
    static let shared = Result { try RedisServer(arguments: ["--appendfsync", "no"]) }

    init(arguments: [String] = []) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        port = try Self.freePort()
        self.arguments = arguments
        try start()
    }

    private func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", directory.path, "--appendonly", "yes", "--save", "",
                "--maxmemory-policy", "noeviction",
            ] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let child = process.processIdentifier
        pid.withLock { $0 = child }
        // The test process ends by `exit`, which runs no destructors.
        Children.shared.add(pid: child, directory: directory)
        for _ in 0..<500 {
            if Self.answers(port) { return }
            usleep(10_000)  // waits: until the server listens
        }
        throw Failure(description: "redis-server does not listen on port \(port)")
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    var url: String { "redis://127.0.0.1:\(port)" }

    func stop() { Children.shared.end(pid.withLock { $0 }) }

    /// Kills the server and starts it anew on what it had on disk.
    func restart() throws {
        Children.shared.end(pid.withLock { $0 }, keepingDirectory: true)
        for _ in 0..<500 where Self.answers(port) { usleep(10_000) }  // waits: until the port is free
        try start()
    }

    /// Sets `maxmemory` below what is used already.
    func limitMemory() async throws { _ = try Self.command("CONFIG SET maxmemory 1mb\r\n", port) }

    /// What the data takes: without the buffers of connections and of the append-only file.
    func usedMemory() async throws -> Int {
        var values: [String: Int] = [:]
        for line in try Self.command("INFO memory\r\n", port).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":")
            if parts.count == 2 { values[String(parts[0])] = Int(parts[1]) }
        }
        return values["used_memory", default: 0] - values["mem_clients_normal", default: 0] - values["mem_aof_buffer", default: 0]
    }

    /// Suspends until so many wait for work in a namespace.
    func awaitWaiters(_ count: Int, in namespace: String) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try Self.command("HLEN \(namespace):{0}:IQ\r\n", port) != ":\(count)\r\n" {
            if ContinuousClock.now > deadline { throw Failure(description: "\(count) do not wait for work in \(namespace)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func keys() async throws -> [String] {
        let lines = try Self.command("KEYS *\r\n", port).split(whereSeparator: \.isNewline)
        return lines.filter { !$0.hasPrefix("$") && !$0.hasPrefix("*") }.map(String.init)
    }

    /// Sends one line and reads what comes within a moment of silence.
    private static func command(_ line: String, _ port: Int) throws -> String {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        guard connected(socket, port) else { throw Failure(description: "no server on port \(port)") }
        var patience = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = line.withCString { send(socket, $0, strlen($0), 0) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { text += buffer[..<count] }
        return String(decoding: text, as: UTF8.self)
    }

    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
            }
        }
        guard result else { throw Failure(description: "no free port on 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func answers(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        return connected(socket, port)
    }

    private static func connected(_ socket: Int32, _ port: Int) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
