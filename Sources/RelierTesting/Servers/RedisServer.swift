import Foundation
import Synchronization

/// A `redis-server` of the test's own: on a free port of the loopback interface, in a temporary directory, gone with this object and with the test's
/// process at the latest, however that ends.
///
/// ```swift
/// let server = try await RedisServer(.init(append: .always))
/// let engine = try await RedisEngine.connect(server.url)
/// server.kill()
/// try await server.start()
/// ```
public final class RedisServer: Sendable {
    public let port: Int
    /// `redis://`, or `rediss://` with the certificate authority's file; with the settings' user, if it has one.
    public let url: String
    /// The same for a user who may do everything.
    public let adminURL: String
    private let directory: String
    private let isSentinel: Bool
    /// Kept, since their files go with them.
    private let certificates: TestCertificates?
    private let keeper: ServerKeeper
    private let child = Mutex<Int32?>(nil)

    /// Starts a server.
    /// - Throws: ``ServerFailure`` with the end of its log when it does not accept connections within 30 seconds.
    public init(_ settings: Settings = Settings()) async throws {
        let port = try settings.port ?? LoopbackPort.free()
        self.port = port
        url = settings.url(port: port, user: settings.user)
        adminURL = settings.url(port: port, user: settings.user.map { _ in Settings.admin })
        isSentinel = settings.isSentinel
        certificates = settings.certificates
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-redis-\(UUID().uuidString.prefix(13))").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = directory + "/redis.conf"
        try settings.configuration(port: port, directory: directory).joined(separator: "\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        keeper = try ServerKeeper(
            ["redis-server", file] + (settings.isSentinel ? ["--sentinel"] : []), directory: directory,
            environment: settings.movesClock ? try FakeTime.environment(in: directory) : [:])
        try await start()
    }

    /// Starts a server with these lines of `redis.conf` besides those it gets anyway.
    public convenience init(_ lines: [String], port: Int? = nil) async throws {
        try await self.init(Settings(lines: lines, port: port))
    }

    /// Starts it again, after ``kill()``, on the same port and on what it had on disk, and waits until it serves.
    public func start() async throws {
        let before = log.count
        let pid = try keeper.start()
        child.withLock { $0 = pid }
        let deadline = ContinuousClock.now + .seconds(30)
        // A sentinel says no such thing.
        while !(isSentinel || log.dropFirst(before).contains("Ready to accept connections")) || !LoopbackPort.accepts(port) {
            if ContinuousClock.now > deadline {
                throw ServerFailure("redis-server on port \(port) does not serve; its log ends in: \(log.suffix(500))")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Ends it at once, as a power cut would, and waits for its end.
    public func kill() {
        child.withLock { $0 = nil }
        keeper.kill()
    }

    /// Ends it at once and starts it anew on what it had on disk.
    public func restart() async throws {
        kill()
        try await start()
    }

    /// The process, for signals such as `SIGSTOP`; `nil` while it is down.
    public var pid: Int32? { child.withLock { $0 } }

    public func signal(_ signal: Int32) { if let pid { _ = Foundation.kill(pid, signal) } }

    /// What it has printed.
    public var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// Sets its wall clock apart from the machine's, for ``Settings/movesClock``. It notices within two seconds.
    public func setClock(ahead seconds: Int) throws { try FakeTime.set(ahead: seconds, in: directory) }

    /// Ends it for good and removes what it had. What goes out of scope stops too; a test that says so keeps it until then.
    public func stop() {
        kill()
        keeper.end()
    }

    deinit { keeper.end() }
}
