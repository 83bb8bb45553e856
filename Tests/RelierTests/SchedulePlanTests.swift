import Foundation
import Testing

@testable import Relier

@Suite struct SchedulePlanTests {
    private func rule(_ expression: String, _ zone: String? = nil) throws -> ScheduleRule {
        try ScheduleRule(ScheduleDefinition(name: "x", expression: expression, zone: zone))
    }

    private func plan(
        _ rule: ScheduleRule, _ missed: MissedTicks = .each, settled: Int64, now: Int64, window: Duration = .hours(1), limit: Int = 1000
    ) -> SchedulePlan {
        SchedulePlan(
            rule: rule, missed: missed, settled: TickTime(microseconds: settled * 1_000_000), now: TickTime(microseconds: now * 1_000_000),
            window: window, limit: limit)
    }

    private func seconds(_ ticks: [TickTime]) -> [Int64] { ticks.map { $0.microseconds / 1_000_000 } }

    @Test func beforeItsTimeATickIsAwaited() throws {
        let plan = plan(try rule("@every 60s"), settled: 1201, now: 1259)
        #expect(plan.ticks.isEmpty && plan.settled == nil && !plan.hasDropped)
        #expect(plan.next == TickTime(microseconds: 1_260_000_000))
    }

    @Test func atItsTimeATickIsPushed() throws {
        let plan = plan(try rule("@every 60s"), settled: 1201, now: 1260)
        #expect(seconds(plan.ticks) == [1260])
        #expect(plan.settled == plan.ticks.last)
        #expect(plan.next == TickTime(microseconds: 1_320_000_000))
    }

    @Test func missedTicksAreMadeUpForAsToldTo() throws {
        let rule = try rule("@every 60s")
        let (settled, now) = (Int64(12_000), Int64(12_310))
        #expect(seconds(plan(rule, .each, settled: settled, now: now).ticks) == [12_060, 12_120, 12_180, 12_240, 12_300])
        #expect(seconds(plan(rule, .latest, settled: settled, now: now).ticks) == [12_300])
        #expect(seconds(plan(rule, .each(within: .seconds(100)), settled: settled, now: now).ticks) == [12_240, 12_300])
        #expect(seconds(plan(rule, .latest(within: .seconds(5)), settled: settled, now: now).ticks) == [])
        #expect(seconds(plan(rule, .skip, settled: settled, now: now).ticks) == [12_300])
        #expect(seconds(plan(rule, .skip, settled: settled, now: now + 1).ticks) == [])
        #expect(seconds(plan(rule, .each(within: .zero), settled: settled, now: 12_300).ticks) == [12_300])
    }

    @Test func whatIsOlderThanTheWindowIsDroppedOnce() throws {
        let rule = try rule("@every 60s")
        let first = plan(rule, settled: 0, now: 86_400, window: .seconds(90))
        #expect(first.hasDropped)
        #expect(seconds(first.ticks) == [86_340, 86_400])
        let silent = plan(rule, .skip, settled: 0, now: 86_430)
        #expect(silent.hasDropped && silent.ticks.isEmpty)
        let settled = try #require(silent.settled)
        let again = SchedulePlan(
            rule: rule, missed: .skip, settled: settled, now: TickTime(microseconds: 86_430_000_000), window: .zero, limit: 1)
        #expect(!again.hasDropped && again.settled == nil)
    }

    @Test func aLongListIsPushedInSteps() throws {
        let rule = try rule("@every 1s")
        var settled: Int64 = 10_000
        var all: [Int64] = []
        while true {
            let plan = plan(rule, settled: settled, now: 10_250, limit: 100)
            all += seconds(plan.ticks)
            guard let last = plan.settled else { break }
            settled = last.microseconds / 1_000_000
            #expect(plan.isBehind == (settled < 10_250))
        }
        #expect(all == Array(10_001...10_250))
    }

    @Test func aClockThatWasSetBackALittleIsWaitedFor() throws {
        let rule = try rule("*/5 * * * *", "UTC")
        let plan = plan(rule, settled: 36_000, now: 34_000)
        #expect(plan.ticks.isEmpty && plan.settled == nil && !plan.wasSetBack)
        #expect(plan.next == TickTime(microseconds: 36_300_000_000), "what was pushed is not pushed again")
    }

    @Test func aClockThatWasFarAheadDoesNotSilenceASchedule() throws {
        let rule = try rule("*/5 * * * *", "UTC")
        let plan = plan(rule, settled: 36_000 + 86_400 * 365, now: 36_010)
        #expect(plan.wasSetBack && plan.ticks.isEmpty)
        #expect(plan.settled == TickTime(microseconds: 36_010_000_000))
        #expect(plan.next == TickTime(microseconds: 36_300_000_000))
    }

    @Test func intervalsAreAnchoredAtTheClocksZero() throws {
        let rule = try rule("@every 1.5s")
        #expect(rule.next(after: TickTime(microseconds: 0)) == TickTime(microseconds: 1_500_000))
        #expect(rule.next(after: TickTime(microseconds: 1_499_999)) == TickTime(microseconds: 1_500_000))
        #expect(rule.next(after: TickTime(microseconds: 1_500_000)) == TickTime(microseconds: 3_000_000))
        #expect(rule.next(after: TickTime(microseconds: -1)) == TickTime(microseconds: 0))
        #expect(rule.next(after: TickTime(microseconds: -1_500_000)) == TickTime(microseconds: 0))
        #expect(rule.next(after: TickTime(microseconds: .max)) == nil)
    }

    @Test(arguments: [Duration.seconds(1), .seconds(90), .milliseconds(1500), .microseconds(1_000_001), .days(3650)])
    func intervalsComeBackFromText(interval: Duration) throws {
        #expect(try rule(ScheduleRule.text(of: interval)) == .every(interval.microseconds))
    }

    @Test(arguments: [
        "@every 0.5s", "@every 0s", "@every -5s", "@every 5", "@every s", "@every 1.0000001s", "@every 999999999999999999999s", "5s",
    ])
    func whatIsNoIntervalIsRefused(text: String) {
        #expect(throws: RegistrationError.self) { try rule(text) }
    }
}
