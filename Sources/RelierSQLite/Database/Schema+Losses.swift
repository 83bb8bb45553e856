import GRDB

extension Schema {
    /// What tasks lost, and what their attempts began with: a row for each task that ever lost a worker or saved a checkpoint (``Flag/losses``).
    ///
    /// `alone`, `total` and `at` are ``Losses``; those in a row are `task.resurrections`. `saved` identifies the checkpoint that stands, and `began` the one
    /// with which the attempt under `fence` began, the last attempt that saved one.
    static func registerLosses(_ migrator: inout SchemaMigrator) {
        migrator.registerMigration("losses") { db in
            try db.execute(
                sql: """
                    CREATE TABLE loss (
                      task BLOB PRIMARY KEY,
                      alone INTEGER NOT NULL,
                      total INTEGER NOT NULL,
                      at INTEGER,
                      fence INTEGER NOT NULL,
                      began BLOB NOT NULL,
                      saved BLOB NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """)
        }
    }
}
