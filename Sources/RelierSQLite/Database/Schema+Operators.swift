/// What operators do to tasks and workers: cancellations, orders, progress.
extension Schema {
    /// `finished.settled`: the claim's own settlement ended it (and may be sent again), rather than an operator.
    /// `worker.orders`: what an operator wants of it. `task.flags`: 8 ends as cancelled instead of running again, 16 has told of its progress.
    static let operators = """
        ALTER TABLE finished ADD COLUMN settled INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE worker ADD COLUMN orders TEXT;
        CREATE TABLE progress (task BLOB PRIMARY KEY, done INTEGER NOT NULL, total INTEGER) STRICT, WITHOUT ROWID;
        """
}
