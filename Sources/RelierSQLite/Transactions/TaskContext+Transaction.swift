import Foundation
public import GRDB
public import Relier

extension TaskContext {
    /// Commits the task in the very transaction in which the closure writes: its rows and the end of the task happen together or not at all, also
    /// when the process dies in the middle. For a worker on ``SQLiteEngine``; the rows are in tables of the same file.
    ///
    /// ```swift
    /// return try await context.commit { db in
    ///     try db.execute(sql: "INSERT INTO payment (invoice) VALUES (?)", arguments: [id])
    ///     return Receipt(invoice: id)
    /// }
    /// ```
    ///
    /// What the closure returns is the task's result, and is stored as such; what the body returns after it is not. The task is committed when this
    /// returns. A body that throws later is logged and changes nothing; `setPartial`, `push`, keys and a second `commit` throw ``Relier/AlreadyCommitted``.
    ///
    /// The closure runs on a thread of its own and holds SQLite's one write lock, for which every process waits: compute and call services before it. It runs
    /// again when its transaction was undone because the file is locked by another program, full or read-only, for up to a minute. At the limit its statements fail and its transaction is undone. It may push tasks by ``Relier/Relier/push(_:after:at:id:in:)``.
    ///
    /// - Parameter limit: the longest time for the closure; more than zero. ``SQLiteOptions/transactionLimit`` unless given.
    /// - Throws: what the closure throws; ``TransactionTooLong``; ``TransactionMisuse``; ``Relier/FencedOut`` when the task is another worker's or has
    ///   ended, by its hard timeout for one; ``Relier/ResultError`` for an output that is not the task's, or too large; ``Relier/KeyStillHeld``;
    ///   ``Relier/AlreadyCommitted``; `EngineError`. Nothing was written then, and the body may try again or fail as usual.
    public func commit<Output: Codable & Sendable>(
        limit: Duration? = nil, _ closure: @escaping @Sendable (Database) throws -> Output
    ) async throws -> Output {
        let (id, fence) = (id, fence)
        return try await commitInBody { terms in
            guard let engine = terms.engine.underlying(SQLiteEngine.self) else {
                throw TransactionMisuse(
                    "context.commit needs the SQLite engine; this worker runs on \(terms.engine.location): return the result from the body instead"
                )
            }
            try terms.check(Output.self)
            let committed = Slot<(output: Output, result: Data)>()
            let work = UserTransactions.Work<Output, (output: Output, result: Data)> { store in
                guard let task = try store.runningTask(id), task.isHeld(under: fence) else {
                    throw EngineError(.fenced, "the task \(id) is not running under this fence any more; it was not committed")
                }
            } closure: { db in
                try closure(db)
            } after: { store, output in
                let result = try terms.encode(output)
                guard try store.settle([Settlement(task: id, fence: fence, outcome: .commit(result: result))]) == [.done] else {
                    throw EngineError(.fenced, "the task \(id) is not running under this fence any more; it was not committed")
                }
                committed.value = (output, result)
                return (output, result)
            }
            let leave = terms.leaveProcess.map { leave in { @Sendable (line: String) in leave("task \(id): \(line)") } }
            do {
                return try await engine.transactions.run(work, limit: limit ?? engine.options.transactionLimit, leaveProcess: leave)
            } catch let error as EngineError {
                // The disk failed: the engine knows whether that was before or after the commit.
                guard error.code == .outcomeUnknown, let written = committed.value else { throw error }
                guard try await engine.read({ try $0.wasSettled(id, under: fence) }) else {
                    throw EngineError(.failed, error.message, cause: error)
                }
                return written
            }
        }
    }

    /// The same for a task that returns nothing.
    @discardableResult
    public func commit(
        limit: Duration? = nil, _ closure: @escaping @Sendable (Database) throws -> Void
    ) async throws -> NoOutput {
        try await commit(limit: limit) { db in
            try closure(db)
            return NoOutput()
        }
    }
}
