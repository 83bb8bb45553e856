import Foundation
import RelierCron
import Testing

/// Random expressions around changes of the clock and leap days give the ticks that a walk over all minutes gives.
@Suite struct CronPropertyTests {
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "America/St_Johns",
    ])
    func ticksAreThoseOfAMinuteWalk(zone identifier: String) throws {
        let zone = try #require(TimeZone(identifier: identifier))
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededNumbers(seed: seed)
        for _ in 0..<6 {
            let sample = Sample(&random, zone: zone)
            guard let expression = try? CronExpression(sample.text) else { continue }
            let start = Self.starts[Int.random(in: 0..<Self.starts.count, using: &random)] + Int.random(in: 0...2000, using: &random) * 60
            let end = start + 3 * 86_400
            var found: [Int] = []
            var date = Date(timeIntervalSince1970: Double(start))
            while let next = expression.next(after: date, in: zone), next.timeIntervalSince1970 <= Double(end) {
                found.append(Int(next.timeIntervalSince1970))
                date = next
            }
            // The walk begins a day early, so that it knows which times it saw before.
            let expected = sample.walk.ticks(from: start - 86_400, through: end).filter { $0 > start }
            #expect(found == expected, "'\(sample.text)' in \(identifier) from \(start), seed \(seed)")
        }
    }

    /// Days before: spring in Europe, autumn in Europe, spring and autumn in New York, spring and autumn in the south, Cairo's, a leap day.
    private static let starts = [
        1_774_569_600, 1_792_713_600, 1_772_755_200, 1_793_318_400, 1_775_174_400, 1_790_812_800, 1_788_393_600, 1_776_816_000,
        1_793_232_000,
        1_709_078_400,
    ]
}

/// An expression as text and as the sets that it means.
private struct Sample {
    let text: String
    let walk: MinuteWalk

    init(_ random: inout SeededNumbers, zone: TimeZone) {
        let minute = Field(0...59, freely: 0.2, &random)
        let hour = Field(0...23, freely: 0.3, &random)
        let day = Field(1...31, freely: 0.6, &random)
        let month = Field(1...12, freely: 0.9, &random)
        let weekday = Field(0...6, freely: 0.6, &random)
        text = [minute, hour, day, month, weekday].map(\.text).joined(separator: " ")
        walk = MinuteWalk(
            minutes: minute.values ?? Set(0...59), hours: hour.values ?? Set(0...23), days: day.values, months: month.values ?? Set(1...12),
            weekdays: weekday.values, followsRealTime: minute.values == nil || hour.values == nil, zone: zone)
    }

    /// An asterisk, a list, or a range with a step.
    private struct Field {
        let text: String
        let values: Set<Int>?

        init(_ range: ClosedRange<Int>, freely: Double, _ random: inout SeededNumbers) {
            if Double.random(in: 0..<1, using: &random) < freely {
                (text, values) = ("*", nil)
            } else if Bool.random(using: &random) {
                let list = (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: range, using: &random) }
                (text, values) = (list.map(String.init).joined(separator: ","), Set(list))
            } else {
                let ends = [Int.random(in: range, using: &random), Int.random(in: range, using: &random)].sorted()
                let step = Int.random(in: 1...max(1, range.upperBound / 2), using: &random)
                (text, values) = ("\(ends[0])-\(ends[1])/\(step)", Set(stride(from: ends[0], through: ends[1], by: step)))
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
