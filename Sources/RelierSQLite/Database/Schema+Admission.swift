extension Schema {
    /// The window that pushes are counted in, at most one row. `seen` is when a task was counted last, on the clock of `boot`.
    static let admission = """
        CREATE TABLE admission (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          start INTEGER NOT NULL,
          length INTEGER NOT NULL,
          admitted INTEGER NOT NULL,
          cap INTEGER NOT NULL,
          seen INTEGER NOT NULL,
          boot TEXT NOT NULL
        ) STRICT;
        """
}
