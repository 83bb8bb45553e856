import Logging
import Relier
import Synchronization

/// Says once for each incarnation and cause that its lease cannot be looked at, so that a sweep that fails twice a second does not fill a log.
final class UnseenLeases: Sendable {
    /// How many are remembered; further ones are not logged until some of these have left.
    static let most = 1000

    private struct Case: Hashable {
        let incarnation: Incarnation
        let cause: String
    }

    private let told = Mutex<Set<Case>>([])
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func note(_ incarnation: Incarnation, at path: String, cause: String, remedy: String) {
        let isNew = told.withLock { $0.count < Self.most && $0.insert(Case(incarnation: incarnation, cause: cause)).inserted }
        guard isNew else { return }
        logger.warning(
            "cannot look at the lease \(path) (\(cause)): whether its worker lives is unknown, nothing of it is ended; \(remedy)")
    }

    /// Forgets those that are not joined any more.
    func keep(_ joined: Set<Incarnation>) { told.withLock { $0 = $0.filter { joined.contains($0.incarnation) } } }
}
