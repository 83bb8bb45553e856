/// When to log that something goes on failing: at once, then after 10 s, and after pauses that double up to 5 min. Pure.
package struct OutageNotice: Sendable {
    private var next: ContinuousClock.Instant?
    private var pause = Duration.seconds(10)
    private static let longest = Duration.minutes(5)

    package init() {}

    /// A try failed. `true` when it is to be logged.
    package mutating func failed(at now: ContinuousClock.Instant) -> Bool {
        if let next, now < next { return false }
        if next != nil { pause = min(pause * 2, Self.longest) }
        next = now + pause
        return true
    }

    /// A try succeeded. `true` when a failure was logged before, so that its end is worth a line.
    package mutating func succeeded() -> Bool {
        defer { self = OutageNotice() }
        return next != nil
    }
}
