public import Foundation

/// A point on the engine's clock, in microseconds since about 1970-01-01T00:00Z.
///
/// The engine's clock never jumps: setting the wall clock does not move it, so it may drift from it by what was set since.
public struct EngineTime: Sendable, Hashable, Codable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (left: EngineTime, right: EngineTime) -> Bool { left.microseconds < right.microseconds }
    public static func + (time: EngineTime, duration: Duration) -> EngineTime {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.microseconds)
        return EngineTime(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }
    public static func - (left: EngineTime, right: EngineTime) -> Duration {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left < right ? Int64.min : .max) : difference)
    }

    /// The same point as a date, for showing to people.
    public var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1e6) }

    public init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}
