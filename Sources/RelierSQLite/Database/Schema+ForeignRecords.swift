import GRDB

extension Schema {
    /// The way to records whose state is none. Rows of tasks are not in this index, so that it costs them nothing but its condition.
    static func registerForeignRecords(in migrator: inout SchemaMigrator) {
        migrator.registerMigration("foreign-records") { db in
            try db.execute(sql: "CREATE INDEX task_foreign ON task (state) WHERE \(foreignState)")
        }
    }

    /// Every state of a live task (``StateNumber``) is within these bounds. The text is that of the index's own condition, so that SQLite uses it.
    static let foreignState = "state < 0 OR state > 5"
}
