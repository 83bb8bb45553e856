/// A test expected a task to be pushed, and none of its type was.
public struct NothingPushed: Error, Sendable, CustomStringConvertible {
    public let name: String
    /// The names that were pushed.
    public let others: [String]

    public var description: String {
        "no task '\(name)' was pushed; \(others.isEmpty ? "nothing was" : "pushed were: \(others.joined(separator: ", "))")"
    }
}

/// Tasks of a test did not come to an end in time.
public struct StillRunning: Error, Sendable, CustomStringConvertible {
    public let running: Int
    public let queued: Int
    public let after: Duration

    public var description: String { "after \(after) of real time \(running) tasks still run and \(queued) are queued" }
}
