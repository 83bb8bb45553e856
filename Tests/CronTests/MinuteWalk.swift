import Foundation

/// Cron's rule as its manual tells it, minute by minute and by Foundation's calendar: slow, and with no code in common with `CronExpression`.
struct MinuteWalk {
    /// The fields as sets of values; weekdays 0 (Sunday) to 6.
    var minutes: Set<Int>
    var hours: Set<Int>
    var days: Set<Int>?
    var months: Set<Int>
    var weekdays: Set<Int>?
    /// Minute or hour begins with `*`.
    var followsRealTime: Bool
    let zone: TimeZone

    private struct Shown: Hashable {
        var day: Int
        var minute: Int
    }

    /// All ticks of a period, which begins well after a change of the clocks.
    func ticks(from start: Int, through end: Int) -> [Int] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        var ticks: [Int] = []
        var seen: Set<Shown> = []
        var skipped: [DateComponents] = []
        var last: Int?
        for instant in stride(from: start, through: end, by: 60) {
            let date = Date(timeIntervalSince1970: Double(instant))
            let parts = calendar.dateComponents([.year, .month, .day, .weekday, .hour, .minute], from: date)
            let local = instant + zone.secondsFromGMT(for: date)
            // The minutes that no clock showed between the last one and this.
            if let last, local - last > 60 {
                skipped = stride(from: last + 60, to: local, by: 60).map { Self.parts(ofLocal: $0) }
            } else {
                skipped = []
            }
            last = local
            let isFirst = seen.insert(Shown(day: CivilDays.number(local), minute: local / 60)).inserted
            let isTick =
                followsRealTime ? matches(parts) : (matches(parts) && isFirst) || skipped.contains(where: matches)
            if isTick { ticks.append(instant) }
        }
        return ticks
    }

    private static func parts(ofLocal seconds: Int) -> DateComponents {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.dateComponents(
            [.year, .month, .day, .weekday, .hour, .minute], from: Date(timeIntervalSince1970: Double(seconds)))
    }

    private func matches(_ parts: DateComponents) -> Bool {
        guard let month = parts.month, let day = parts.day, let weekday = parts.weekday, let hour = parts.hour, let minute = parts.minute
        else { return false }
        guard minutes.contains(minute), hours.contains(hour), months.contains(month) else { return false }
        switch (days, weekdays) {
        case (nil, nil): return true
        case (let days?, nil): return days.contains(day)
        case (nil, let weekdays?): return weekdays.contains(weekday - 1)
        case (let days?, let weekdays?): return days.contains(day) || weekdays.contains(weekday - 1)
        }
    }
}

private enum CivilDays {
    static func number(_ local: Int) -> Int { Int((Double(local) / 86_400).rounded(.down)) }
}
