import GRDB

// A database in memory has one connection, and its queue serves reads and writes one after another, each whole: a read sees one state there without a
// transaction. GRDB's own reads would switch the connection to reading and back, and with each switch SQLite drops all statements that it has prepared.

extension DatabaseReader {
    /// Reads one state of the database.
    func readOneState<T>(_ body: (Database) throws -> T) throws -> T {
        if let queue = onlyConnection { return try queue.unsafeRead(body) }
        return try read(body)
    }

    /// Reads one state of the database, without blocking the caller.
    func asyncReadOneState(_ body: @escaping @Sendable (Result<Database, any Error>) -> Void) {
        if let queue = onlyConnection { return queue.asyncUnsafeRead(body) }
        asyncRead(body)
    }

    private var onlyConnection: DatabaseQueue? { configuration.readonly ? nil : self as? DatabaseQueue }
}
