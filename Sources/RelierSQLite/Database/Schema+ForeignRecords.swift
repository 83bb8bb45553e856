import GRDB

extension Schema {
    /// The way to records whose state is none. Rows of tasks are not in this index, so that it costs them nothing but its condition.
    static func registerForeignRecords(in migrator: inout SchemaMigrator) {
        migrator.registerMigration("foreign-records") { db in
            try db.execute(sql: "CREATE INDEX task_foreign ON task (state) WHERE state < 0 OR state > 5")
        }
    }

    /// What no live task's state is (``StateNumber``): those of limited tasks wait at a limit that they have. The text is that of the index's own condition,
    /// so that SQLite uses it.
    static let foreignState = """
        state < 0 OR (state > 5 AND (state <> \(StateNumber.limited)
          OR CASE waits WHEN 1 THEN key_slots WHEN 2 THEN key_rate WHEN 3 THEN task_rate WHEN 4 THEN task_slots END IS NULL))
        """
}
