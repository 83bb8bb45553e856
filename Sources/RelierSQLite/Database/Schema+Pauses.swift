import GRDB

extension Schema {
    static func registerPauses(_ migrator: inout SchemaMigrator) {
        migrator.registerMigration("pauses") { db in
            try db.execute(sql: "CREATE TABLE paused (queue INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT")
        }
    }
}
