/// What an engine throws: a code to act on, a line to read, the cause below it.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    /// What to do about it.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// The engine could not be reached or opened. Nothing was done.
        public static let unavailable = Code("unavailable")
        /// The engine was busy for longer than the call may wait. Nothing was done.
        public static let busy = Code("busy")
        /// The call may or may not have been carried out. Sending it again with the same ids and tokens is safe.
        public static let outcomeUnknown = Code("outcomeUnknown")
        /// No room (disk, memory). Nothing was done.
        public static let full = Code("full")
        /// The engine refuses writes. Nothing was done.
        public static let readOnly = Code("readOnly")
        /// What is stored cannot be read as Relier's.
        public static let corrupt = Code("corrupt")
        /// The caller's (task, fence) or incarnation is not the current one. Nothing was done.
        public static let fenced = Code("fenced")
        /// The thing named does not exist, or not any more. Nothing was done.
        public static let notFound = Code("notFound")
        /// The call conflicts with what is there; the message names the holder. Nothing was done.
        public static let conflict = Code("conflict")
        /// Anything else. Nothing was done.
        public static let failed = Code("failed")
    }

    public let code: Code
    /// One line: what, where, what to do.
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
