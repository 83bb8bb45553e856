/// When something is to happen again and again, by the calendar and the clock on the wall: minute, hour, day of month, month, day of week.
///
/// The syntax is that of crontab(5) of Vixie cron: numbers, names of months and weekdays, lists, ranges, steps on ranges and on `*`, and the short
/// forms `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`.
///
/// Days: "If both fields are restricted (i.e., do not contain the "*" character), the command will be run when either field matches the current
/// time" (crontab(5)). As in Vixie's source a field counts as unrestricted when it begins with `*`; then both must match.
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// As it was written, with one space between fields.
    package let description: String
    /// The minute or the hour begins with `*`: it follows real time when the clocks change. Otherwise its times are fixed (``next(after:in:)``).
    package let followsRealTime: Bool
    let minutes: UInt64
    let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let either: Bool

    /// - Throws: ``CronSyntaxError`` for anything that crontab(5) does not know, and for dates that no calendar has, such as 30 February.
    package init(_ text: String) throws(CronSyntaxError) {
        let written = text.split(whereSeparator: \.isWhitespace)
        description = written.joined(separator: " ")
        let fields = try Self.spellOut(written)
        guard fields.count == 5 else {
            let seconds = fields.count == 6 ? "; there is no field for seconds" : ""
            throw CronSyntaxError(
                "'\(description)' has \(fields.count) fields; a cron expression has 5: minute, hour, day of month, month, day of week\(seconds)"
            )
        }
        minutes = try CronField.minute.parse(fields[0])
        hours = try CronField.hour.parse(fields[1])
        days = try CronField.day.parse(fields[2])
        months = try CronField.month.parse(fields[3])
        let parsed = try CronField.weekday.parse(fields[4])
        weekdays = parsed & 0x7f | parsed >> 7
        followsRealTime = fields[0].hasPrefix("*") || fields[1].hasPrefix("*")
        either = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        if !either && !Self.isPossible(days: days, months: months) {
            throw CronSyntaxError("'\(description)' never comes: no such month has day \(fields[2])")
        }
    }

    private static func spellOut(_ fields: [Substring]) throws(CronSyntaxError) -> [Substring] {
        guard fields.count == 1, let word = fields.first, word.hasPrefix("@") else { return fields }
        guard let meaning = shortForms[word.lowercased()] else {
            throw CronSyntaxError("'\(word)' is not known; there are \(shortForms.keys.sorted().joined(separator: ", "))")
        }
        return meaning.split(separator: " ")
    }

    private static let shortForms = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    private static func isPossible(days: UInt64, months: UInt64) -> Bool {
        (1...12).contains { month in
            months & 1 << UInt64(month) != 0 && (1...CivilDay.most(inMonth: month)).contains { days & 1 << UInt64($0) != 0 }
        }
    }

    /// The first day from `number` on, counted from 1970-01-01, that has a tick; `nil` when there is none until `last`.
    func day(from number: Int, through last: Int) -> Int? {
        var number = number
        while number <= last {
            let date = CivilDay(number)
            if months & 1 << UInt64(date.month) == 0 {
                number = CivilDay.number(year: date.year, month: date.month + 1, day: 1)
            } else if matches(date) {
                return number
            } else {
                number += 1
            }
        }
        return nil
    }

    private func matches(_ date: CivilDay) -> Bool {
        let day = days & 1 << UInt64(date.day) != 0
        let weekday = weekdays & 1 << UInt64(date.weekday) != 0
        return either ? day || weekday : day && weekday
    }
}
