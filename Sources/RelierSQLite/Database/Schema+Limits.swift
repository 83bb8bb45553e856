import GRDB
import Relier

extension Schema {
    /// What limits need. A task without limits is in none of it: its columns are null, and no index holds it.
    static func registerLimits(_ migrator: inout SchemaMigrator) {
        migrator.registerMigration("limits") { db in
            let columns = LimitRule.Kind.allCases.map(\.column)
            for table in ["task", "dead"] {
                for column in columns { try db.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(column) INTEGER") }
            }
            // The kind of the gate at which a task in state 8 waits.
            try db.execute(sql: "ALTER TABLE task ADD COLUMN waits INTEGER NOT NULL DEFAULT 0")
            for column in columns {
                try db.execute(
                    sql: "CREATE INDEX task_\(column) ON task (\(column), state, waits, seq) WHERE \(column) IS NOT NULL")
            }
            try db.execute(sql: limits)
            try db.execute(sql: "DROP INDEX task_foreign; CREATE INDEX task_foreign ON task (state) WHERE \(foreignState)")
        }
    }

    /// `limiter.declared`: 1 when a worker declared it, 0 when only pushes did. A limit that is no more has the largest maximum.
    private static let limits = """
        CREATE INDEX task_limited ON task (seq, queue) WHERE state = 8;
        CREATE TABLE limiter (
          number INTEGER PRIMARY KEY,
          task TEXT NOT NULL,
          kind INTEGER NOT NULL,
          arguments TEXT NOT NULL,
          maximum INTEGER NOT NULL,
          span INTEGER NOT NULL,
          declared INTEGER NOT NULL,
          UNIQUE (task, kind)
        ) STRICT;
        -- Starts that still count towards a rate, numbered in their order.
        CREATE TABLE start (
          gate INTEGER NOT NULL,
          number INTEGER NOT NULL,
          at INTEGER NOT NULL,
          until INTEGER NOT NULL,
          PRIMARY KEY (gate, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX start_until ON start (until);
        -- When to look again at a rate at which tasks wait.
        CREATE TABLE alarm (gate INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE INDEX alarm_at ON alarm (at);
        -- Slots of bodies that have outlived their attempts, and the incarnations in which they run.
        CREATE TABLE stuck (
          gate INTEGER NOT NULL,
          kind INTEGER NOT NULL,
          task BLOB NOT NULL,
          fence INTEGER NOT NULL,
          token INTEGER NOT NULL,
          holder INTEGER NOT NULL,
          PRIMARY KEY (gate, task, fence, token)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX stuck_task ON stuck (task);
        CREATE INDEX stuck_holder ON stuck (holder);
        """
}
