/// A date of the Gregorian calendar, also before and after its use.
///
/// The conversions are those of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day is their last.
struct CivilDay: Sendable, Hashable {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int
    /// 0 is Sunday.
    let weekday: Int

    /// - Parameter number: days since 1970-01-01.
    init(_ number: Int) {
        let shifted = number + 719_468
        let era = Self.floored(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        // 1970-01-01 was a Thursday.
        weekday = number + 4 - Self.floored(number + 4, 7) * 7
    }

    /// Days since 1970-01-01. Month 13 is January of the next year.
    static func number(year: Int, month: Int, day: Int) -> Int {
        let (year, month) = month == 13 ? (year + 1, 1) : (year, month)
        let marchYear = month <= 2 ? year - 1 : year
        let era = floored(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The greatest number of days that the month can have.
    static func most(inMonth month: Int) -> Int {
        switch month {
        case 2: 29
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The quotient, rounded down.
    static func floored(_ number: Int, _ divisor: Int) -> Int {
        number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor)
    }
}
