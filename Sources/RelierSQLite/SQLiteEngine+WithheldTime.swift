import Foundation
public import Relier

extension SQLiteEngine {
    /// Time that passed on the wall clock across a restart of the machine and was not added to the engine's clock, because it was more than 30 days: keys,
    /// delays, results and dead letters last longer by it.
    public func withheldTime() async throws(EngineError) -> Duration { .microseconds(try await read { try EngineClock.withheld(in: $0) }) }

    /// Adds the time that was withheld, which ends keys, delays, results and dead letters by as much.
    ///
    /// It counts for programs that open the database afterwards; this engine's clock stays as it is.
    /// - Returns: how much was added; zero when nothing was withheld.
    /// - Throws: `conflict` while another process has the database open, since its clock would be another.
    public func addWithheldTime() async throws(EngineError) -> Duration {
        if let path, let users = LockHolders.users(of: path).filter({ $0.process != getpid() }).named {
            throw EngineError(.conflict, "\(location) is open in \(users), whose clock would fall behind; stop it first")
        }
        let clock = clock
        return try await writer.perform { try clock.addWithheld(in: $0.db) }
    }
}
