import GRDB

extension Schema {
    /// A claim and a waiting worker look for what is due in their own queues, however much is scheduled in others.
    static func registerDueByQueue(_ migrator: inout SchemaMigrator) {
        migrator.registerMigration("due-by-queue") { db in
            try db.execute(sql: "CREATE INDEX task_due_queue ON task (queue, wall, due) WHERE state = 1")
        }
    }
}
