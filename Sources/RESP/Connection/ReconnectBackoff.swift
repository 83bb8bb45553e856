import NIOCore

/// How long to wait before the next attempt to connect: twice as long after each failure, and never the same for two clients.
struct ReconnectBackoff: Sendable {
    /// Before jitter.
    let first: TimeAmount
    let longest: TimeAmount
    private(set) var failures = 0

    init(first: TimeAmount = .milliseconds(10), longest: TimeAmount = .seconds(1)) {
        self.first = first
        self.longest = longest
    }

    /// The delay after one more failure: between half and all of what is doubled each time.
    mutating func failed(using generator: inout some RandomNumberGenerator) -> TimeAmount {
        // Shifted by 30 at most, which no sensible `longest` needs.
        let doubled = first.nanoseconds.multipliedReportingOverflow(by: 1 << min(failures, 30))
        failures += 1
        let whole = doubled.overflow ? longest.nanoseconds : min(doubled.partialValue, longest.nanoseconds)
        return .nanoseconds(whole - Int64.random(in: 0...max(0, whole / 2), using: &generator))
    }

    /// A connection works, but was given up for a reason that will not go away soon.
    mutating func discouraged() { failures = max(failures, 6) }

    /// A connection did what it is for.
    mutating func succeeded() { failures = 0 }
}
