import Foundation
import Relier

extension EngineTime {
    /// ISO 8601 in UTC with microseconds, such as `2026-01-31T09:15:00.123456Z`.
    var iso8601: String {
        let (seconds, fraction) = split
        let digits = String(fraction)
        return Self.whole(seconds) + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }

    /// For people: `2026-01-31 09:15:00Z`.
    var readable: String { Self.whole(split.seconds).replacing("T", with: " ") + "Z" }

    private var split: (seconds: Int64, fraction: Int64) {
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return fraction < 0 ? (seconds - 1, fraction + 1_000_000) : (seconds, fraction)
    }

    private static func whole(_ seconds: Int64) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day().dateSeparator(.dash).time(
            includingFractionalSeconds: false)
        return Date(timeIntervalSince1970: Double(seconds)).formatted(style)
    }
}
