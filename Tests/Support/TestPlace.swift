import Foundation
package import Logging
package import Relier
import RelierRedis
import RelierSQLite
import RelierTesting

/// Where a test keeps its tasks: in a file of its own, or, where `RELIER_URL` names a server, in a namespace of its own there.
package struct TestPlace: Sendable {
    /// For `RELIER_URL` and `--url`.
    package let url: String
    private let namespace: String
    private let directory: String

    /// The server of this run; `nil` where tests have files.
    private static let server = ProcessInfo.processInfo.environment["RELIER_URL"].flatMap { $0.hasPrefix("sqlite:") ? nil : $0 }
    package static var isFile: Bool { server == nil }

    /// - Parameter directory: for the file.
    package init(in directory: String) {
        self.directory = directory
        url = Self.server ?? "sqlite:\(directory)/relier.db"
        namespace = "test-\(TaskID.next())"
    }

    /// What the processes of the test have to be told.
    package var environment: [String: String] { ["RELIER_URL": url, "RELIER_NAMESPACE": namespace] }

    /// A new handle, to be closed; ``remove(_:)`` with the last.
    package func engine(logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) throws -> any Engine {
        if Self.isFile { return try SQLiteEngine(path: directory + "/relier.db", options: SQLiteOptions(logger: logger)) }
        return try RedisEngine(url, options: RedisOptions(namespace: namespace, logger: logger))
    }

    /// An engine whose clock the test moves. That of a server does not stand still between.
    package func movable() throws -> (engine: any Engine, advance: @Sendable (Duration) async throws -> Void) {
        if Self.isFile {
            let clock = TestClock()
            let engine = try SQLiteEngine(path: directory + "/relier.db", options: SQLiteOptions(clock: clock.sqlite))
            return (engine, { clock.advance(by: $0) })
        }
        var options = RedisOptions(namespace: namespace)
        options.movesClocks = true
        let engine = try RedisEngine(url, options: options)
        return (engine, { try await engine.moveClocks(engine: $0, wall: $0) })
    }

    /// Closes the engine; of a server's namespace nothing is left. The file goes with its directory.
    package func remove(_ engine: any Engine) async throws {
        if let redis = engine as? RedisEngine { try await redis.removeNamespace() }
        try await engine.close()
    }
}
