/// A command that failed, or was misused.
public struct CommandError: Error, Sendable, CustomStringConvertible {
    /// One line: what, where, what to do.
    public let description: String
    /// 1 for a failure, 2 for misuse.
    public let status: Int32

    public init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }

    /// Wrong arguments: exit status 2.
    static func misuse(_ description: String) -> CommandError { CommandError(description, status: 2) }
}
