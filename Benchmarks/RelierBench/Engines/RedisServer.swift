import Foundation
import RESP

/// A `redis-server` of the run's own: append-only file written every second, nothing evicted, on loopback.
final class RedisServer: Sendable {
    let port: Int
    private let process: EndingProcess

    var url: String { "redis://127.0.0.1:\(port)" }

    private init(port: Int, process: EndingProcess) {
        self.port = port
        self.process = process
    }

    /// Whether the programs that are needed are installed.
    static var isInstalled: Bool { Tool.path("redis-server") != nil && Tool.path("redis-benchmark") != nil }
    static let missing =
        "redis-server and redis-benchmark are not installed, so Redis is not measured (Debian: apt-get install redis-server)"

    static func start(in directory: URL) async throws -> RedisServer {
        guard let program = Tool.path("redis-server") else { throw BenchFailure(missing) }
        // Somebody else may take a port between the look and the start.
        for _ in 0..<5 {
            let port = try freePort()
            let settings = [
                "port": "\(port)", "bind": "127.0.0.1", "dir": directory.path, "appendonly": "yes", "appendfsync": "everysec",
                "maxmemory-policy": "noeviction", "save": "", "daemonize": "no", "logfile": directory.appendingPathComponent("log").path,
                // A rewrite in the middle of a round would be measured with it; the file is emptied between rounds.
                "auto-aof-rewrite-percentage": "0",
            ]
            let process = try EndingProcess(program, settings.flatMap { ["--\($0.key)", $0.value] }, removing: directory)
            let server = RedisServer(port: port, process: process)
            if try await server.isListening() { return server }
            await process.end()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        }
        throw BenchFailure("redis-server did not start on 127.0.0.1; look whether it runs by hand")
    }

    func client() throws -> RESPClient { try RESPClient(try RESPEndpoint(url: url)) }
    func stop() async { await process.end() }

    private func isListening() async throws -> Bool {
        let client = try client()
        var listens = false
        for _ in 0..<200 where !listens {
            let pid = try? await client.send(RESPCommand("INFO", "server")).string
            listens = pid?.contains("tcp_port:\(port)") == true
            if !listens { try await Task.sleep(for: .milliseconds(20)) }
        }
        await client.close()
        return listens
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("cannot make a socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard found else { throw BenchFailure("no free port on 127.0.0.1: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
