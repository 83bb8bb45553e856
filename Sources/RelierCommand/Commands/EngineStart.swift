import Logging
import Relier

/// The first look at the engine of a command that runs long.
enum EngineStart {
    /// Opens the engine and asks it for the time, so that a wrong address or password is told at once.
    ///
    /// An engine that is there, and cannot be used for now (locked, full, read-only, still loading), is waited for, with a line in the log.
    /// - Parameter onLoss: called once when a database file was replaced or removed while the engine has it open.
    /// - Throws: as ``Settings/openEngine(create:)``; `EngineError` within the connect timeout when the engine is not there or refuses this user.
    static func open(
        _ settings: Settings, for use: EngineUse, logger: Logger, onLoss: @escaping @Sendable (EngineError) -> Void
    ) async throws -> any Engine {
        var outage = OutageNotice()
        while true {
            do { return try await look(settings, use, onLoss) } catch let error as EngineError {
                // What is not there at the first look is not where the user said.
                guard error.mayPass, error.code != .unavailable else { throw error }
                if outage.failed(at: .now) { logger.error("not started yet, trying again until it works: \(error)") }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func look(
        _ settings: Settings, _ use: EngineUse, _ onLoss: @escaping @Sendable (EngineError) -> Void
    ) async throws -> any Engine {
        let engine = try settings.openEngine(for: use, onLoss: onLoss)
        do { _ = try await engine.now() } catch {
            try? await engine.close()
            throw error
        }
        return engine
    }
}
