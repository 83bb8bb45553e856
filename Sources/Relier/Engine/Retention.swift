/// How long an engine keeps what has ended. Given to the engine when it is opened.
public struct Retention: Sendable, Hashable {
    /// The record of a committed or cancelled task, counted from its end. 24 h. A result whose own time to live is longer keeps its record as long.
    public var history: Duration
    /// A dead letter, counted from its quarantine. 90 days.
    public var deadLetters: Duration
    /// A crash report. 7 days.
    public var crashReports: Duration

    public init(history: Duration = .hours(24), deadLetters: Duration = .days(90), crashReports: Duration = .days(7)) {
        self.history = history
        self.deadLetters = deadLetters
        self.crashReports = crashReports
    }
}
