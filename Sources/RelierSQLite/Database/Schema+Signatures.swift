import GRDB

extension Schema {
    /// Signatures of tasks. `signer` is the id of the key; both are NULL for a push without one.
    static func registerSignatures(in migrator: inout SchemaMigrator) {
        migrator.registerMigration("signatures") { db in
            for table in ["task", "dead"] {
                try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN signer TEXT")
                try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN signature BLOB")
            }
        }
    }
}
