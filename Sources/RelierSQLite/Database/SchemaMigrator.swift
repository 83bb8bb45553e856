import GRDB

/// Applies Relier's migrations in their order, each once, all that are missing in one transaction.
///
/// They are recorded in a table of Relier's own. The library's `DatabaseMigrator` has one table for all: a user's migrations in the same file
/// would look like those of a newer Relier, Relier's like unknown ones to the user, and one of an equal name would be left out.
struct SchemaMigrator: Sendable {
    private var migrations: [(identifier: String, migrate: @Sendable (Database) throws -> Void)] = []

    mutating func registerMigration(_ identifier: String, migrate: @escaping @Sendable (Database) throws -> Void) {
        precondition(!migrations.contains { $0.identifier == identifier }, "the migration '\(identifier)' is there twice")
        migrations.append((identifier, migrate))
    }

    static let inUseQuery = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'relier_migration'"

    /// Whether the file holds Relier's tables.
    func isInUse(_ db: Database) throws -> Bool { try db.exists(Self.inUseQuery) }

    func hasCompletedMigrations(_ db: Database) throws -> Bool {
        let applied = try applied(db)
        return migrations.allSatisfy { applied.contains($0.identifier) }
    }

    /// Whether a newer Relier has been here.
    func hasBeenSuperseded(_ db: Database) throws -> Bool {
        try !applied(db).isSubset(of: Set(migrations.map(\.identifier)))
    }

    /// - Parameter last: the migration to stop after; for tests.
    func migrate(_ db: Database, upTo last: String? = nil) throws {
        try db.inTransaction(.immediate) {
            // A file that another program has made keeps that program's mark.
            let isOthers = try db.exists("SELECT 1 FROM sqlite_master LIMIT 1") && !isInUse(db)
            let mark = try db.row("PRAGMA application_id", transform: { $0.int(0) }) ?? 0
            try db.execute(sql: "CREATE TABLE IF NOT EXISTS relier_migration (identifier TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
            let applied = try applied(db)
            let count = last.flatMap { last in migrations.firstIndex { $0.identifier == last } }.map { $0 + 1 } ?? migrations.count
            for migration in migrations.prefix(count) where !applied.contains(migration.identifier) {
                try migration.migrate(db)
                try db.run("INSERT INTO relier_migration (identifier) VALUES (?)", .text(migration.identifier))
            }
            if isOthers { try db.execute(sql: "PRAGMA application_id = \(mark)") }
            return .commit
        }
    }

    private func applied(_ db: Database) throws -> Set<String> {
        guard try isInUse(db) else { return [] }
        return Set(try db.rows("SELECT identifier FROM relier_migration") { $0.text(0) })
    }
}

extension Schema {
    /// What Relier's tables and indexes are called.
    static func reservedNames() throws -> [String] {
        let scratch = try DatabaseQueue()
        try scratch.writeWithoutTransaction { try migrator.migrate($0) }
        return try scratch.read { db in
            try db.rows("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'") { $0.text(0) }
        }
    }
}
