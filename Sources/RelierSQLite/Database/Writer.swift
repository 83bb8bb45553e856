import Dispatch
import Foundation
import GRDB
import GRDBSQLite
import Logging
import Relier
import Synchronization

/// One write operation: what it does in the transaction, and whom to tell once that is on disk.
struct WriteJob: Sendable {
    /// About how many tasks it touches.
    let weight: Int
    /// Throws an `EngineError` to refuse; what it wrote before is undone.
    let run: @Sendable (Store) throws -> Void
    /// `nil` after the commit. Called on the writer's thread.
    let finish: @Sendable (EngineError?) -> Void
}

/// The one writer of a process: a thread that carries out all operations that wait in one transaction.
///
/// There is no timer: while a group commits, the next one collects. An operation that is refused leaves the others of its group alone;
/// when the database itself fails, every operation is tried again in a transaction of its own, so that only the culprit fails.
final class Writer: Sendable {
    private struct Backlog {
        var pending: [WriteJob] = []
        var closed = false
        var sleeping = false
    }

    /// Bounds of one transaction, so that other processes get their turn.
    private static let maxWeight = 2000
    private static let maxNanoseconds: UInt64 = 20_000_000

    private let queue = Mutex(Backlog())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let database: any DatabaseWriter
    /// `nil` in memory.
    private let file: DatabaseFile?
    private let location: String
    private let turn: WriteTurn?
    /// What every operation is answered with where nothing may be written.
    private let refusal: EngineError?
    private let makeStore: @Sendable (Database) throws -> Store
    /// Told what a transaction changed, after its commit and before its callers.
    private let committed: @Sendable (Effects) -> Void

    init(
        database: any DatabaseWriter, file: DatabaseFile?, location: String, turn: WriteTurn?, refusal: EngineError? = nil,
        makeStore: @escaping @Sendable (Database) throws -> Store,
        committed: @escaping @Sendable (Effects) -> Void
    ) throws(EngineError) {
        self.database = database
        self.file = file
        self.location = location
        self.turn = turn
        self.refusal = refusal
        self.makeStore = makeStore
        self.committed = committed
        if refusal != nil {
            ended.signal()
            return
        }
        do {
            try POSIXThread.start("relier-sqlite-writer") { [self] in
                serve()
                ended.signal()
            }
        } catch {
            throw EngineError(.unavailable, "\(location): \(error)", cause: error)
        }
    }

    /// Carries out `body` in a transaction and answers when it is committed.
    func perform<T: Sendable>(
        weight: Int = 1, _ body: @escaping @Sendable (Store) throws -> T
    ) async throws(EngineError) -> T {
        let result: Result<T, EngineError> = await withCheckedContinuation { continuation in
            let slot = Slot<T>()
            submit(
                WriteJob(weight: weight, run: { slot.value = try body($0) }) { [location] error in
                    if let error {
                        continuation.resume(returning: .failure(error))
                    } else if let value = slot.value {
                        continuation.resume(returning: .success(value))
                    } else {
                        continuation.resume(returning: .failure(EngineError(.failed, "\(location): a write was not carried out")))
                    }
                })
        }
        return try result.get()
    }

    /// The same for a thread that is nobody's Swift task. Blocks.
    func performBlocking<T: Sendable>(weight: Int = 1, _ body: @escaping @Sendable (Store) throws -> T) throws(EngineError) -> T {
        let slot = Slot<T>()
        let answer = Slot<EngineError>()
        let done = DispatchSemaphore(value: 0)
        submit(
            WriteJob(weight: weight, run: { slot.value = try body($0) }) { error in
                answer.value = error
                done.signal()
            })
        done.wait()
        if let error = answer.value { throw error }
        guard let value = slot.value else { throw EngineError(.failed, "\(location): a write was not carried out") }
        return value
    }

    func submit(_ job: WriteJob) {
        if let refusal { return job.finish(refusal) }
        enum Action { case none, wake, refuse }
        let action = queue.withLock { queue -> Action in
            if queue.closed { return .refuse }
            queue.pending.append(job)
            defer { queue.sleeping = false }
            return queue.sleeping ? .wake : .none
        }
        switch action {
        case .none: break
        case .wake: wake.signal()
        case .refuse: job.finish(EngineError(.unavailable, "\(location) was closed by this program"))
        }
    }

    /// Refuses new operations and returns when those under way have ended. Blocks.
    func close() {
        let wasOpen = queue.withLock { queue in
            defer { queue.closed = true }
            return !queue.closed
        }
        guard wasOpen else { return }
        wake.signal()
        ended.wait()
        ended.signal()
    }

    // The thread

    private func serve() {
        var store: Store?
        while let group = next() {
            database.writeWithoutTransaction { db in
                do {
                    let open = try store ?? makeStore(db)
                    store = open
                    runGroup(group[...], in: open)
                } catch {
                    let error = EngineError.from(error, at: location)
                    for job in group { job.finish(error) }
                }
            }
        }
        database.writeWithoutTransaction { _ in store = nil }
    }

    /// What waits, up to the bounds; blocks while there is nothing. `nil` at the end.
    private func next() -> [WriteJob]? {
        while true {
            let (group, closed) = queue.withLock { queue -> ([WriteJob], Bool) in
                var weight = 0
                let count = queue.pending.firstIndex { job in
                    defer { weight += job.weight }
                    return weight >= Self.maxWeight
                }
                let group: [WriteJob]
                if let count {
                    group = Array(queue.pending[..<count])
                    queue.pending.removeFirst(count)
                } else {
                    group = queue.pending
                    queue.pending = []
                    queue.sleeping = group.isEmpty
                }
                return (group, queue.closed)
            }
            if !group.isEmpty { return group }
            if closed { return nil }
            wake.wait()
        }
    }

    private func runGroup(_ group: ArraySlice<WriteJob>, in store: Store) {
        var refusals: [EngineError?] = []
        refusals.reserveCapacity(group.count)
        var done = group.startIndex
        do { try file?.check() } catch {
            for job in group { job.finish(error) }
            return
        }
        do {
            try begin(store)
            let start = DispatchTime.now().uptimeNanoseconds
            for job in group {
                let before = store.totalChanges
                do {
                    try job.run(store)
                    refusals.append(nil)
                } catch let error as EngineError where store.totalChanges == before {
                    refusals.append(error)
                }
                done += 1
                if DispatchTime.now().uptimeNanoseconds - start > Self.maxNanoseconds { break }
            }
            try store.commit()
        } catch {
            store.rollback()
            if !store.wasBegun {
                // Not even a transaction could be started: every operation would wait as long for the same answer.
                let error = EngineError.from(error, at: location)
                for job in group { job.finish(error) }
            } else {
                for job in group { runAlone(job, in: store) }
            }
            return
        }
        let loss = lossSinceCommit()
        committed(store.takeEffects())
        for (job, refusal) in zip(group, refusals) { job.finish(refusal ?? loss) }
        if done < group.endIndex { runGroup(group[done...], in: store) }
    }

    private func begin(_ store: Store) throws {
        if let turn { try turn.take(store.begin) } else { try store.begin() }
    }

    private func runAlone(_ job: WriteJob, in store: Store) {
        var committing = false
        do {
            try file?.check()
            try begin(store)
            try job.run(store)
            committing = true
            try store.commit()
        } catch {
            store.rollback()
            job.finish(EngineError.from(error, at: location, committing: committing))
            return
        }
        let loss = lossSinceCommit()
        committed(store.takeEffects())
        job.finish(loss)
    }

    private func lossSinceCommit() -> EngineError? {
        do { try file?.checkCommitted() } catch { return error }
        return nil
    }
}

/// Carries a result from the transaction to the end of its commit.
final class Slot<T: Sendable>: Sendable {
    private let stored = Mutex<T?>(nil)
    var value: T? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
