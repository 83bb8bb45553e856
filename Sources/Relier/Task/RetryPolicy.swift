/// What happens after a body threw or timed out. A crash of the worker is not a failure of the body: it costs no attempt.
public struct RetryPolicy: Sendable {
    enum Schedule: Sendable {
        case fixed(Duration)
        case exponential(initial: Duration, factor: Double, maximum: Duration, jitter: Double)
    }
    let schedule: Schedule
    /// How many times the body may run to its end, the first included; at least 1.
    public let maxAttempts: Int
    let predicate: (@Sendable (any Error) -> Bool)?

    /// One attempt: an error quarantines the task.
    public static let none = RetryPolicy(schedule: .fixed(.zero), maxAttempts: 1, predicate: nil)

    /// Up to `maxAttempts` attempts with the same pause of `every` between them.
    public static func fixed(every: Duration, maxAttempts: Int) -> RetryPolicy {
        RetryPolicy(schedule: .fixed(every), maxAttempts: maxAttempts, predicate: nil)
    }

    /// Up to `maxAttempts` attempts with growing pauses.
    ///
    /// The pause after attempt *n* is `min(maximum, initial × factorⁿ⁻¹)`, of which a random share of up to `jitter`
    /// (0 to 1) is taken off, so that what failed together does not return together.
    public static func exponential(
        initial: Duration = .seconds(1), factor: Double = 2, maximum: Duration = .minutes(10), maxAttempts: Int, jitter: Double = 0.5
    ) -> RetryPolicy {
        RetryPolicy(
            schedule: .exponential(
                initial: initial, factor: max(1, factor), maximum: maximum, jitter: min(1, max(0, jitter))),
            maxAttempts: maxAttempts, predicate: nil)
    }

    /// The same policy, for errors that satisfy `predicate` only; any other error quarantines the task at once.
    public func retryIf(_ predicate: @escaping @Sendable (any Error) -> Bool) -> RetryPolicy {
        RetryPolicy(schedule: schedule, maxAttempts: maxAttempts, predicate: predicate)
    }

    /// The pause before the next attempt, or `nil` when there is none.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts have ended, this one included, from 1.
    ///   - random: a number from 0 up to 1, for the jitter.
    func delay(afterAttempt attempt: Int, error: any Error, random: Double) -> Duration? {
        guard attempt < maxAttempts else { return nil }
        if let predicate, !predicate(error) { return nil }
        switch schedule {
        case .fixed(let every):
            return every
        case .exponential(let initial, let factor, let maximum, let jitter):
            var seconds = initial.inSeconds
            for _ in 1..<max(1, attempt) where seconds < maximum.inSeconds { seconds *= factor }
            return .seconds(min(seconds, maximum.inSeconds) * (1 - jitter * random))
        }
    }
}

/// Thrown by a body to be run again after a pause of its own choosing; counts as an attempt, needs one left.
public struct RetryAfter: Error, Sendable {
    /// The pause; zero or more.
    public let delay: Duration
    public init(_ delay: Duration) { self.delay = delay }
}

/// Thrown by a body to go to the dead letter queue at once, whatever the retry policy says.
public struct Discard: Error, Sendable, CustomStringConvertible {
    /// Why, as an operator should read it.
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}
