import GRDB

/// What the tables hold. One migration a published change; a migration never changes once it is published.
enum Schema {
    /// Marks a file as Relier's (`PRAGMA application_id`): "RLR1".
    static let applicationID: Int64 = 0x524c_5231

    static var migrator: SchemaMigrator {
        var migrator = SchemaMigrator()
        migrator.registerMigration("1-tasks") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: names)
            try db.execute(sql: live)
            try db.execute(sql: ended)
            try db.execute(sql: beside)
        }
        migrator.registerMigration("operators") { try $0.execute(sql: operators) }
        registerSignatures(in: &migrator)
        registerForeignRecords(in: &migrator)
        registerDueByQueue(&migrator)
        registerSchedules(&migrator)
        migrator.registerMigration("admission") { try $0.execute(sql: admission) }
        registerLimits(&migrator)
        registerPauses(&migrator)
        registerLosses(&migrator)
        return migrator
    }

    /// Small tables that give long names a short number. Their rows are never renumbered.
    private static let names = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE queue (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE kind (number INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, UNIQUE (name, version)) STRICT;
        -- Every incarnation that a history may name.
        CREATE TABLE incarnation (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
          process BLOB NOT NULL CHECK (length(process) = 16),
          name TEXT NOT NULL,
          ended INTEGER
        ) STRICT;
        CREATE INDEX incarnation_process ON incarnation (process);
        CREATE INDEX incarnation_ended ON incarnation (ended) WHERE ended IS NOT NULL;
        -- The incarnations that are joined now; its number is the incarnation's.
        CREATE TABLE worker (
          number INTEGER PRIMARY KEY,
          process BLOB NOT NULL,
          info TEXT NOT NULL,
          joined INTEGER NOT NULL,
          lease INTEGER NOT NULL,
          dedicated INTEGER NOT NULL
        ) STRICT;
        """

    /// Tasks that have not ended. Columns that transitions change come first, the payload last.
    ///
    /// `(fence, token)` is the task's last claim. While the state is not running, `settled` says whether that claim's own
    /// settlement brought it there (and may be sent again) or the task was taken away from it.
    /// `flags`: 1 has a checkpoint, 2 remembers children, 4 took keys by hand, 8 ends as cancelled instead of running again, 16 has told of its
    /// progress, 32 has limits, 64 has lost a worker or saved a checkpoint.
    private static let live = """
        CREATE TABLE task (
          seq INTEGER PRIMARY KEY,
          id BLOB NOT NULL CHECK (length(id) = 16),
          state INTEGER NOT NULL,
          queue INTEGER NOT NULL,
          recovered INTEGER NOT NULL DEFAULT 0,
          alone INTEGER NOT NULL DEFAULT 0,
          holder INTEGER,
          fence INTEGER NOT NULL DEFAULT 0,
          token INTEGER NOT NULL DEFAULT 0,
          settled INTEGER NOT NULL DEFAULT 0,
          request INTEGER,
          started INTEGER,
          failures INTEGER NOT NULL DEFAULT 0,
          resurrections INTEGER NOT NULL DEFAULT 0,
          flags INTEGER NOT NULL DEFAULT 0,
          due INTEGER,
          wall INTEGER NOT NULL DEFAULT 0,
          awaited TEXT,
          history TEXT,
          kind INTEGER NOT NULL,
          enqueued INTEGER NOT NULL,
          result_ttl INTEGER NOT NULL,
          key TEXT,
          key_ttl INTEGER,
          operation TEXT,
          traceparent TEXT,
          checksum BLOB NOT NULL,
          payload BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX task_id ON task (id);
        CREATE INDEX task_ready ON task (queue, recovered, seq) WHERE state = 0;
        CREATE INDEX task_due ON task (wall, due, queue) WHERE state = 1;
        CREATE INDEX task_running ON task (holder) WHERE state = 2;
        CREATE INDEX task_parked ON task (queue, kind, due) WHERE state = 3;
        CREATE INDEX task_waiting ON task (awaited) WHERE state = 4;
        CREATE INDEX task_suspect ON task (kind, seq) WHERE state = 5;
        """

    /// Tasks that have ended. `finished` drops a large result when its own time is over (`expiry` comes twice then).
    private static let ended = """
        CREATE TABLE finished (
          seq INTEGER PRIMARY KEY,
          id BLOB NOT NULL UNIQUE,
          state INTEGER NOT NULL,
          kind INTEGER NOT NULL,
          queue INTEGER NOT NULL,
          holder INTEGER,
          fence INTEGER NOT NULL,
          token INTEGER NOT NULL,
          failures INTEGER NOT NULL,
          resurrections INTEGER NOT NULL,
          enqueued INTEGER NOT NULL,
          started INTEGER,
          ended INTEGER NOT NULL,
          result_until INTEGER NOT NULL,
          expiry INTEGER NOT NULL,
          key TEXT,
          history TEXT,
          result BLOB
        ) STRICT;
        CREATE INDEX finished_expiry ON finished (expiry);
        CREATE TABLE dead (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          id BLOB NOT NULL UNIQUE,
          kind INTEGER NOT NULL,
          queue INTEGER NOT NULL,
          reason TEXT NOT NULL,
          message TEXT NOT NULL,
          quarantined INTEGER NOT NULL,
          holder INTEGER,
          fence INTEGER NOT NULL,
          token INTEGER NOT NULL,
          settled INTEGER NOT NULL,
          attempts INTEGER NOT NULL,
          resurrections INTEGER NOT NULL,
          flags INTEGER NOT NULL,
          enqueued INTEGER NOT NULL,
          result_ttl INTEGER NOT NULL,
          key TEXT,
          key_ttl INTEGER,
          history TEXT,
          traceparent TEXT,
          checksum BLOB NOT NULL,
          payload BLOB NOT NULL
        ) STRICT;
        CREATE INDEX dead_reason ON dead (reason, seq);
        CREATE INDEX dead_kind ON dead (kind, seq);
        """

    /// What only some tasks have. `idem.state`: 0 free, 1 claimed, 2 completed. `idem.holder`: the incarnation whose body still runs after
    /// its task was quarantined.
    private static let beside = """
        CREATE TABLE idem (
          key TEXT PRIMARY KEY,
          state INTEGER NOT NULL,
          owner BLOB NOT NULL,
          manual INTEGER NOT NULL,
          holder INTEGER,
          operation TEXT,
          until INTEGER NOT NULL,
          value BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idem_until ON idem (until) WHERE state <> 1;
        CREATE INDEX idem_owner ON idem (owner) WHERE manual = 1;
        CREATE INDEX idem_holder ON idem (holder) WHERE holder IS NOT NULL;
        CREATE TABLE child (parent BLOB NOT NULL, id BLOB NOT NULL, PRIMARY KEY (parent, id)) STRICT, WITHOUT ROWID;
        CREATE TABLE checkpoint (task BLOB PRIMARY KEY, body BLOB, file TEXT, bytes INTEGER NOT NULL) STRICT;
        CREATE TABLE crash (process BLOB PRIMARY KEY, report TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE INDEX crash_at ON crash (at);
        """
}

/// The numbers of `task.state` and `finished.state`. What ``Schema/foreignState`` matches is no state of a live task.
enum StateNumber {
    static let queued: Int64 = 0
    static let scheduled: Int64 = 1
    static let running: Int64 = 2
    static let parked: Int64 = 3
    static let waiting: Int64 = 4
    static let suspect: Int64 = 5
    static let committed: Int64 = 6
    static let cancelled: Int64 = 7
    /// Waits at a limit; ``TaskState/waiting`` to the outside.
    static let limited: Int64 = 8
}

/// The bits of `task.flags`.
enum Flag {
    static let checkpoint: Int64 = 1
    static let children: Int64 = 2
    static let manualKeys: Int64 = 4
    static let cancelling: Int64 = 8
    static let progress: Int64 = 16
    static let limited: Int64 = 32
    /// Something stands in `loss`.
    static let losses: Int64 = 64
}
