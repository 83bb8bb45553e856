/// A closure held its transaction for longer than it may. Everything in it was undone; if it still runs, what it writes fails.
public struct TransactionTooLong: Error, Sendable, CustomStringConvertible {
    public let limit: Duration
    public var description: String {
        "the closure had not ended after its limit of \(limit) and its transaction was undone; "
            + "compute and call services before it, and only write in it (RELIER_SQLITE_TRANSACTION_LIMIT)"
    }
}

/// A transaction was used in a way that cannot hold what it promises. Nothing was written.
public struct TransactionMisuse: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }

    static let ended = TransactionMisuse(
        "the closure ended the transaction that it was given; leave BEGIN, COMMIT and ROLLBACK to the caller, and throw to undo")
}
