import Foundation
public import GRDB
import GRDBSQLite
import Relier

extension SQLiteEngine {
    /// Writes rows of your own in a transaction on the engine's file, with its durability: committed when this returns.
    ///
    /// Tasks pushed in it by ``Relier/Relier/push(_:after:at:id:in:)`` exist if and only if it commits. The closure runs on a thread of its own and
    /// holds SQLite's one write lock, for which every process waits: compute before it. The tables in which Relier keeps its tasks are not for you to write.
    ///
    /// - Parameter limit: the longest time for the closure; more than zero. ``SQLiteOptions/transactionLimit`` unless given.
    /// - Throws: what the closure throws; ``TransactionTooLong``; ``TransactionMisuse``; `EngineError`. Nothing was written then, except that
    ///   after `outcomeUnknown` it may have been.
    public func write<Value: Sendable>(
        limit: Duration? = nil, _ closure: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await transactions.run(
            UserTransactions.Work(before: { _ in }, closure: closure, after: { _, value in value }),
            limit: limit ?? options.transactionLimit)
    }
}
