import Foundation
import RelierCron

/// The ticks of a schedule: a pure function of time.
package enum ScheduleRule: Sendable, Hashable {
    case cron(CronRule)
    /// At whole multiples of so many microseconds.
    case every(Int64)

    /// A cron expression in a time zone.
    package struct CronRule: Sendable, Hashable {
        let expression: CronExpression
        let zone: TimeZone
    }

    /// - Throws: ``RegistrationError`` that says what is wrong with the definition.
    package init(_ definition: ScheduleDefinition) throws {
        guard let zone = definition.zone else {
            guard let interval = Self.interval(definition.expression) else {
                throw RegistrationError("'\(definition.expression)' is not an interval of 1 s to 3650 days")
            }
            self = .every(interval)
            return
        }
        guard let timeZone = TimeZone(identifier: zone) else {
            throw RegistrationError("'\(zone)' is not a time zone; write one of the IANA database, such as Europe/Berlin")
        }
        do {
            self = .cron(CronRule(expression: try CronExpression(definition.expression), zone: timeZone))
        } catch {
            throw RegistrationError("\(error)")
        }
    }

    /// The first tick after a point of the schedule's clock; `nil` when there is none that a calendar could tell.
    package func next(after time: TickTime) -> TickTime? {
        switch self {
        case .cron(let rule):
            // Microseconds are exact in a Date of these centuries.
            guard let date = rule.expression.next(after: time.date, in: rule.zone) else { return nil }
            return TickTime(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000)
        case .every(let interval):
            let quotient = time.microseconds >= 0 ? time.microseconds / interval : -1 - (-1 - time.microseconds) / interval
            let (tick, overflow) = (quotient + 1).multipliedReportingOverflow(by: interval)
            return overflow ? nil : TickTime(microseconds: tick)
        }
    }

    // Intervals as text

    private static let prefix = "@every "
    private static let allowed = Int64(1_000_000)...Duration.days(3650).microseconds

    /// `@every 90s`, with a fraction where there is one.
    static func text(of interval: Duration) -> String {
        let (seconds, rest) = interval.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let digits = String(rest.magnitude)
        var fraction = rest == 0 ? "" : "." + String(repeating: "0", count: 6 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(prefix)\(seconds)\(fraction)s"
    }

    /// The microseconds of such a text, if they are allowed.
    private static func interval(_ text: String) -> Int64? {
        guard text.hasPrefix(prefix), text.hasSuffix("s") else { return nil }
        let parts = text.dropFirst(prefix.count).dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let seconds = Int64(parts[0]), seconds <= allowed.upperBound / 1_000_000 else { return nil }
        let digits = parts.count == 2 ? parts[1] : ""
        guard digits.count <= 6, let rest = Int64(digits + String(repeating: "0", count: 6 - digits.count)) else { return nil }
        let microseconds = seconds * 1_000_000 + rest
        return allowed.contains(microseconds) ? microseconds : nil
    }
}

extension ScheduleDefinition {
    /// The schedule of a task of that name, as engines keep it.
    init(name: String, schedule: Schedule) {
        switch schedule.kind {
        case .cron(let expression, let zone):
            // Spaces do not make it another schedule.
            let text = expression.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            self.init(name: name, expression: text, zone: zone.identifier)
        case .every(let interval):
            self.init(name: name, expression: ScheduleRule.text(of: interval), zone: nil)
        }
    }
}
