import GRDB
import GRDBSQLite
import Synchronization

/// Stands over one transaction of a user's closure: refuses every commit that is not the caller's own, and fails the closure's statements once the
/// time is up.
final class TransactionGuard: TransactionObserver, Sendable {
    private let phase = Mutex(TransactionPhase())
    /// What SQLite asks between the steps of every statement.
    private let stops = Atomic<Bool>(false)

    /// The time is up: the statement that runs is stopped, and those that follow fail. Answers `false` when the commit had begun, or the end had come.
    /// - Parameter interrupt: called while the connection is certainly still inside this transaction.
    func expire(interrupt: () -> Void) -> Bool {
        phase.withLock { phase in
            guard phase.expire() else { return false }
            stops.store(true, ordering: .relaxed)
            interrupt()
            return true
        }
    }

    func beginCommit() -> Bool { phase.withLock { $0.beginCommit() } }

    var hasEnded: Bool { phase.withLock(\.hasEnded) }
    var isExpired: Bool { phase.withLock(\.isExpired) }

    // On the connection's queue

    func attach(to db: Database) {
        db.add(transactionObserver: self, extent: .observerLifetime)
        // The connection asks only between attach and detach, and this object is held meanwhile.
        sqlite3_progress_handler(
            db.sqliteConnection, 1,
            { context in
                guard let context else { return 0 }
                return Unmanaged<TransactionGuard>.fromOpaque(context).takeUnretainedValue().stops.load(ordering: .relaxed) ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// What follows on this connection, a rollback first of all, is not held up.
    func detach(from db: Database) {
        phase.withLock { $0.end() }
        sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil)
        db.remove(transactionObserver: self)
    }

    // TransactionObserver

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws {
        if !phase.withLock(\.mayCommit) { throw TransactionMisuse.ended }
    }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

/// Resumes a continuation with the first answer that is given.
final class FirstAnswer<Answer: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Result<Answer, any Error>, Never>?>

    init(_ continuation: CheckedContinuation<Result<Answer, any Error>, Never>) {
        self.continuation = Mutex(continuation)
    }

    func give(_ answer: Result<Answer, any Error>) {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }?.resume(returning: answer)
    }
}

/// Lets callers through one at a time, in the order of their coming.
final class Turns: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func take() async {
        await withCheckedContinuation { continuation in
            let isMine = state.withLock { state in
                if state.isTaken { state.waiting.append(continuation) }
                defer { state.isTaken = true }
                return !state.isTaken
            }
            if isMine { continuation.resume() }
        }
    }

    func pass() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }?.resume()
    }
}
