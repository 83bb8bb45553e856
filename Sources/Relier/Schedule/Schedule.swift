public import Foundation

/// When a task is pushed by itself, again and again: one push a tick for all schedulers of an engine together.
///
/// ```swift
/// @RelierTask(name: "nightlyReport", schedule: .cron("30 2 * * *", in: "Europe/Berlin"))
/// func nightlyReport() async throws { … }
/// ```
///
/// The task is pushed without arguments, so each of its parameters needs a default.
public struct Schedule: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case cron(String, Zone)
        case every(Duration)
    }
    package let kind: Kind
    /// What becomes of ticks at which no scheduler ran.
    public let missed: MissedTicks

    /// By the calendar and the wall clock of a time zone: minute, hour, day of month, month and day of week as in crontab(5), or `@hourly`, `@daily`,
    /// `@weekly`, `@monthly`, `@yearly`.
    ///
    /// When the clocks are changed: fixed times in the hour that is skipped tick once, at the first instant after it; in the hour that comes twice they tick
    /// the first time. An expression whose minute or hour begins with `*` follows real time instead.
    /// - Parameters:
    ///   - expression: five fields. Checked at compile time where the macro sees a literal, otherwise when the task is registered.
    ///   - zone: whose wall clock counts; UTC unless given.
    ///   - missed: ``MissedTicks/each`` unless given.
    public static func cron(_ expression: String, in zone: Zone = .utc, missed: MissedTicks = .each) -> Schedule {
        Schedule(kind: .cron(expression, zone), missed: missed)
    }

    /// At every whole multiple of an interval on the engine's clock, counted from that clock's zero (about 1970-01-01T00:00Z): all schedulers agree on
    /// the ticks, whenever they started, and setting the wall clock moves none.
    /// - Parameters:
    ///   - interval: 1 s to 3650 days.
    ///   - missed: ``MissedTicks/each`` unless given.
    public static func every(_ interval: Duration, missed: MissedTicks = .each) -> Schedule {
        Schedule(kind: .every(interval), missed: missed)
    }

    /// A time zone by its name in the IANA database, such as `"Europe/Berlin"`. An unknown one is refused when the task is registered.
    public struct Zone: Sendable, Hashable, ExpressibleByStringLiteral {
        public let identifier: String

        public init(_ identifier: String) { self.identifier = identifier }
        public init(stringLiteral value: String) { identifier = value }
        public init(_ zone: TimeZone) { identifier = zone.identifier }

        /// Coordinated Universal Time, without changes of the clock.
        public static let utc: Zone = "UTC"
    }
}

/// What becomes of the ticks at which no scheduler ran, or none reached the engine.
public struct MissedTicks: Sendable, Hashable {
    enum Choice: Sendable, Hashable {
        case each
        case latest
    }
    let choice: Choice
    /// How old a missed tick may be; `nil` takes `RELIER_SCHEDULE_CATCHUP`.
    let window: Duration?

    /// Each is made up for, as far back as `RELIER_SCHEDULE_CATCHUP` says (1 h).
    public static let each = MissedTicks(choice: .each, window: nil)
    /// All of them together are made up for by one push, for the latest.
    public static let latest = MissedTicks(choice: .latest, window: nil)
    /// None is made up for: a tick that could not be pushed within ten seconds is dropped.
    public static let skip = MissedTicks(choice: .latest, window: .seconds(10))
    /// Each is made up for, as far back as `window`, which is zero or more.
    public static func each(within window: Duration) -> MissedTicks { MissedTicks(choice: .each, window: window) }
    /// One push for those of the last `window`, which is zero or more.
    public static func latest(within window: Duration) -> MissedTicks { MissedTicks(choice: .latest, window: window) }
}
