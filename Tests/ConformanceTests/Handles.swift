import Relier
import RelierSQLite
import Synchronization

/// The handles that a check has opened: the one through which an incarnation joined can end its lease.
final class Handles: Sendable {
    private let engines: Mutex<[SQLiteEngine]>

    init(_ engines: [SQLiteEngine]) { self.engines = Mutex(engines) }

    func add(_ engine: SQLiteEngine) { engines.withLock { $0.append(engine) } }

    func simulateDeath(of incarnation: Incarnation) {
        for engine in engines.withLock({ $0 }) { engine.simulateDeath(of: incarnation) }
    }
}
