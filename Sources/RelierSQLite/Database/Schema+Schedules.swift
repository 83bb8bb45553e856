import GRDB

extension Schema {
    /// `settled` and `ticked` are points of the clock that the schedule follows: the wall clock with a zone, otherwise the engine's.
    static func registerSchedules(_ migrator: inout SchemaMigrator) {
        migrator.registerMigration("schedules") { db in
            try db.execute(
                sql: """
                    CREATE TABLE schedule (
                      name TEXT PRIMARY KEY,
                      expression TEXT NOT NULL,
                      zone TEXT,
                      settled INTEGER NOT NULL,
                      ticked INTEGER,
                      task BLOB,
                      announced INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """)
        }
    }
}
