import Foundation
import RESP
import Synchronization

/// A `redis-server` of the test's own on a free port of this machine, in a directory of its own. Ends with the test.
final class RedisServer: Sendable {
    let port: Int
    let directory: TemporaryDirectory
    private let arguments: [String]
    private let process: Mutex<Process?>

    /// - Parameters:
    ///   - configuration: lines of `redis.conf`.
    ///   - arguments: before which the file stands, such as `--sentinel`.
    init(_ configuration: [String] = [], port: Int? = nil, directory: TemporaryDirectory? = nil, arguments: [String] = []) async throws {
        let port = try port ?? freePort()
        let directory = try directory ?? TemporaryDirectory()
        self.port = port
        self.directory = directory
        let lines =
            ["bind 127.0.0.1", "dir \(directory.path)"] + (configuration.contains { $0.hasPrefix("port ") } ? [] : ["port \(port)"])
        let standard = arguments.contains("--sentinel") ? [] : ["save \"\"", "appendonly no", "repl-diskless-sync-delay 0"]
        try (lines + standard + configuration).joined(separator: "\n").write(
            toFile: directory.file("redis.conf"), atomically: true, encoding: .utf8)
        self.arguments = [directory.file("redis.conf")] + arguments
        process = Mutex(nil)
        try await start()
    }

    var endpoint: RESPEndpoint { RESPEndpoint(port: port) }

    /// Starts it, again on the same port, and waits until it accepts connections.
    func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["redis-server"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: log())
        try process.run()
        self.process.withLock { $0 = process }
        try await eventually("redis-server on port \(port) accepts connections") { accepts(port: port) }
    }

    private func log() throws -> URL {
        let path = directory.file("log")
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        return URL(fileURLWithPath: path)
    }

    var pid: Int32? { process.withLock { $0?.processIdentifier } }

    /// Ends it as a power cut would, and waits for its end.
    func kill() {
        process.withLock { process in
            if let process, process.isRunning {
                _ = Foundation.kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            process = nil
        }
    }

    func signal(_ signal: Int32) { if let pid { _ = Foundation.kill(pid, signal) } }

    deinit { kill() }
}

final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("resp-\(UInt32.random(in: 0 ... .max))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func file(_ name: String) -> String { path + "/" + name }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs a program to its end. Several certificates at once would otherwise hold all threads that tests run on.
func run(_ words: String...) async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let status = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
        process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
        do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    if status != 0 { throw Failure("\(words.joined(separator: " ")) ended with status \(status)") }
}
