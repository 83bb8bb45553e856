import Foundation
import RelierCron
import Testing

@Suite struct CronExpressionTests {
    /// The ticks from a date on, as text in their zone.
    private func ticks(_ text: String, after start: String, in zone: String = "UTC", _ count: Int = 3) throws -> [String] {
        let zone = try #require(TimeZone(identifier: zone))
        let expression = try CronExpression(text)
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = zone
        format.dateFormat = "yyyy-MM-dd HH:mm xx"
        var date = try #require(ISO8601DateFormatter().date(from: start))
        var found: [String] = []
        for _ in 0..<count {
            date = try #require(expression.next(after: date, in: zone))
            found.append(format.string(from: date).replacingOccurrences(of: " +0000", with: ""))
        }
        return found
    }

    @Test(
        arguments: [
            ("*/20 * * * *", ["2026-11-22 10:20", "2026-11-22 10:40", "2026-11-22 11:00"]),
            ("0 9-17/4 * * MON-FRI", ["2026-11-23 09:00", "2026-11-23 13:00", "2026-11-23 17:00"]),
            ("5,35 0,12 * * *", ["2026-11-22 12:05", "2026-11-22 12:35", "2026-11-23 00:05"]),
            ("0 0 1 jan,Jul *", ["2027-01-01 00:00", "2027-07-01 00:00", "2028-01-01 00:00"]),
            ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
            ("0 12 * * 7", ["2026-11-22 12:00", "2026-11-29 12:00", "2026-12-06 12:00"]),
            ("0 12 * * 0", ["2026-11-22 12:00", "2026-11-29 12:00", "2026-12-06 12:00"]),
            ("0 12 * * FRI-SUN", ["2026-11-22 12:00", "2026-11-27 12:00", "2026-11-28 12:00"]),
            ("@hourly", ["2026-11-22 11:00", "2026-11-22 12:00", "2026-11-22 13:00"]),
            ("@daily", ["2026-11-23 00:00", "2026-11-24 00:00", "2026-11-25 00:00"]),
            ("@weekly", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
            ("@monthly", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-02-01 00:00"]),
            ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
            // Days by either field where both are restricted, as crontab(5) says.
            ("0 0 13 * FRI", ["2026-11-27 00:00", "2026-12-04 00:00", "2026-12-11 00:00"]),
            ("0 0 24,25 * MON", ["2026-11-23 00:00", "2026-11-24 00:00", "2026-11-25 00:00"]),
            // By both where one begins with an asterisk.
            ("0 0 */2 * MON", ["2026-11-23 00:00", "2026-12-07 00:00", "2026-12-21 00:00"]),
            ("0 0 29 2 */7", ["2032-02-29 00:00", "2060-02-29 00:00", "2088-02-29 00:00"]),
        ] as [(String, [String])])
    func ticksOf(text: String, expected: [String]) throws {
        #expect(try ticks(text, after: "2026-11-22T10:00:00Z") == expected)
    }

    @Test func theCenturyHasNoLeapDay() throws {
        #expect(try ticks("0 0 29 2 *", after: "2096-02-28T00:00:00Z", 2) == ["2096-02-29 00:00", "2104-02-29 00:00"])
    }

    @Test func aTickIsAfterNeverAt() throws {
        let expression = try CronExpression("0 * * * *")
        let hour = Date(timeIntervalSince1970: 1_800_000_000)
        #expect(hour.timeIntervalSince1970.truncatingRemainder(dividingBy: 3600) == 0)
        #expect(expression.next(after: hour, in: .gmt) == hour + 3600)
        #expect(expression.next(after: hour - 0.000_001, in: .gmt) == hour)
        #expect(expression.next(after: hour + 0.5, in: .gmt) == hour + 3600)
    }

    @Test(
        arguments: [
            ("", "has 0 fields"), ("* * * *", "has 4 fields"), ("0 * * * * *", "no field for seconds"), ("60 * * * *", "minute: 60"),
            ("* 24 * * *", "hour: 24"), ("* * 0 * *", "day of month: 0"), ("* * 32 * *", "day of month: 32"), ("* * * 13 *", "month: 13"),
            ("* * * * 8", "day of week: 8"), ("* * * * MONDAY", "'MONDAY' is not a number"), ("x * * * *", "'x' is not"),
            ("1,,2 * * * *", "an empty item"), (", * * * *", "an empty item"), ("5-1 * * * *", "write '5-59,0-1'"),
            ("* * * * FRI-MON", "goes down"), ("*/0 * * * *", "the step"), ("*/60 * * * *", "not in 1 to 59"),
            ("5/10 * * * *", "write '5-59/10'"),
            ("1-2-3 * * * *", "not a range"), ("*/2/2 * * * *", "two steps"), ("-5 * * * *", "'' is not"), ("+5 * * * *", "'+5' is not"),
            ("* * L * *", "'L' is not"), ("? * * * *", "'?' is not"), ("0 0 30 2 *", "never comes"), ("0 0 31 4,6,9,11 *", "never comes"),
            ("0 0 30-31 FEB */2", "never comes"), ("@reboot", "is not known"), ("@every 5m", "has 2 fields"), ("٥ * * * *", "is not"),
            ("99999999999999999999 * * * *", "is not"),
        ])
    func whatIsNoExpressionIsRefused(text: String, word: String) throws {
        let error = try #require(throws: CronSyntaxError.self) { try CronExpression(text) }
        #expect(error.description.contains(word), "\(error)")
    }

    @Test(arguments: ["0 0 30 2 MON", "0 0 29 2 *", "0 0 31 * *", "0 0 31 4,5 *", "@Daily", "  0\t0 * * *  "])
    func whatMayComeIsAccepted(text: String) throws {
        #expect(try CronExpression(text).next(after: .now, in: .gmt) != nil)
    }

    // Changes of the clock: on 29 March 2026 Berlin goes from 2:00 to 3:00, on 25 October from 3:00 to 2:00; on 8 March New York goes from 2:00 to 3:00,
    // on 1 November from 2:00 to 1:00.

    @Test(
        arguments: [
            (
                "Europe/Berlin", "30 2 * * *", "2026-03-28T00:00:00Z",
                ["2026-03-28 02:30 +0100", "2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]
            ),
            (
                "Europe/Berlin", "0,30 2,3 * * *", "2026-03-29T00:30:00Z",
                ["2026-03-29 03:00 +0200", "2026-03-29 03:30 +0200", "2026-03-30 02:00 +0200"]
            ),
            (
                "Europe/Berlin", "*/30 * * * *", "2026-03-29T00:29:00Z",
                ["2026-03-29 01:30 +0100", "2026-03-29 03:00 +0200", "2026-03-29 03:30 +0200"]
            ),
            (
                "Europe/Berlin", "*/30 2 * * *", "2026-03-28T12:00:00Z",
                ["2026-03-30 02:00 +0200", "2026-03-30 02:30 +0200", "2026-03-31 02:00 +0200"]
            ),
            (
                "Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z",
                ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100", "2026-10-27 02:30 +0100"]
            ),
            // Asked between the two.
            (
                "Europe/Berlin", "30 2 * * *", "2026-10-25T00:45:00Z",
                ["2026-10-26 02:30 +0100", "2026-10-27 02:30 +0100", "2026-10-28 02:30 +0100"]
            ),
            (
                "Europe/Berlin", "30 * * * *", "2026-10-25T00:00:00Z",
                ["2026-10-25 02:30 +0200", "2026-10-25 02:30 +0100", "2026-10-25 03:30 +0100"]
            ),
            (
                "Europe/Berlin", "0 3 * * *", "2026-10-24T12:00:00Z",
                ["2026-10-25 03:00 +0100", "2026-10-26 03:00 +0100", "2026-10-27 03:00 +0100"]
            ),
            (
                "America/New_York", "15 2 * * *", "2026-03-08T06:00:00Z",
                ["2026-03-08 03:00 -0400", "2026-03-09 02:15 -0400", "2026-03-10 02:15 -0400"]
            ),
            (
                "America/New_York", "0 * * * *", "2026-03-08T06:30:00Z",
                ["2026-03-08 03:00 -0400", "2026-03-08 04:00 -0400", "2026-03-08 05:00 -0400"]
            ),
            (
                "America/New_York", "15 1 * * *", "2026-11-01T04:00:00Z",
                ["2026-11-01 01:15 -0400", "2026-11-02 01:15 -0500", "2026-11-03 01:15 -0500"]
            ),
            (
                "America/New_York", "0 * * * *", "2026-11-01T04:30:00Z",
                ["2026-11-01 01:00 -0400", "2026-11-01 01:00 -0500", "2026-11-01 02:00 -0500"]
            ),
            // Half an hour; midnight itself; a day that never was.
            (
                "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
                ["2026-10-04 02:30 +1100", "2026-10-05 02:15 +1100", "2026-10-06 02:15 +1100"]
            ),
            (
                "Africa/Cairo", "0 0 * * *", "2026-04-23T00:00:00Z",
                ["2026-04-24 01:00 +0300", "2026-04-25 00:00 +0300", "2026-04-26 00:00 +0300"]
            ),
            (
                "Pacific/Apia", "0 12 30 12 *", "2011-12-29T00:00:00Z",
                ["2011-12-31 00:00 +1400", "2012-12-30 12:00 +1400", "2013-12-30 12:00 +1400"]
            ),
        ] as [(String, String, String, [String])])
    func whereTheClocksChange(zone: String, text: String, start: String, expected: [String]) throws {
        #expect(try ticks(text, after: start, in: zone) == expected)
    }
}
