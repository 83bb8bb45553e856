import RelierSQLite

/// SQLite, in a database of its own for each round.
struct SQLiteBench: BenchEngine {
    let scratch: Scratch

    var name: EngineName { .sqlite }
    var rawGroup: Int { 256 }

    func site(_ durability: SQLiteOptions.Durability) throws -> Site { .sqlite(path: try scratch.database(), durability: durability) }
    func clear() {}

    func raw(group: Int, tasks: Int, _ durability: SQLiteOptions.Durability) throws -> RawRates {
        try RawSQLite(path: try scratch.database(), durability: durability).measure(group: group, tasks: tasks).rates
    }

    func bareLatencies(_ count: Int) throws -> Latencies {
        try RawSQLite(path: try scratch.database(), durability: .durable).measure(group: 1, tasks: count).claims
    }

    func twin() -> any BenchEngine { self }
    func close() {}
}
