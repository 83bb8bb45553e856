/// The checkpoint is larger than what is kept inline. Nothing was saved; the one before is still there.
public struct CheckpointTooLargeError: Error, Sendable, CustomStringConvertible {
    public let bytes: Int
    public let limit: Int

    package init(bytes: Int, limit: Int) {
        self.bytes = bytes
        self.limit = limit
    }

    public var description: String {
        "the checkpoint takes \(bytes) bytes, more than the \(limit) kept inline; save less, such as a cursor, "
            + "or set RELIER_CHECKPOINT_BACKEND=filesystem and RELIER_CHECKPOINT_DIR to a directory that every worker shares"
    }
}

/// A checkpoint's file is missing or damaged.
public struct CheckpointUnreadable: Error, Sendable, CustomStringConvertible {
    public let path: String
    public let problem: String

    package init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String {
        "the checkpoint file \(path) \(problem); is RELIER_CHECKPOINT_DIR the same shared directory for every worker?"
    }
}
