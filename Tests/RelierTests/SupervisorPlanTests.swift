import Testing

@testable import Relier

@Suite struct SupervisorPlanTests {
    @Test func theFirstRestartHasNoPauseAndThenTheyGrow() {
        var plan = RestartPlan()
        let pauses = (0..<12).map { _ in plan.died(after: .seconds(1)) }
        #expect(Array(pauses.prefix(5)) == [.zero, .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(pauses.last == .seconds(30))
    }

    @Test func aLongLifeStartsAnew() {
        var plan = RestartPlan()
        for _ in 0..<5 { _ = plan.died(after: .seconds(1)) }
        #expect(plan.died(after: .seconds(11)) == .zero)
    }

    @Test func aProcessThatWasToldToLeaveIsReplacedAtOnce() {
        var plan = RestartPlan()
        let pauses = (0..<20).map { _ in plan.died(after: .seconds(2), cleanly: true) }
        #expect(pauses.allSatisfy { $0 == .zero })
        _ = plan.died(after: .zero, cleanly: true)
        let second = plan.died(after: .zero, cleanly: true)
        #expect(second > .zero, "one that leaves as soon as it has come does not go round in circles")
    }

    @Test func asManyProcessesAsSuspectsUpToTheLimit() {
        var plan = IsolationPlan(limit: 2)
        let now = ContinuousClock.now
        #expect(plan.start(waiting: 5, running: 0, at: now) == 2)
        #expect(plan.start(waiting: 3, running: 2, at: now) == 0)
        #expect(plan.start(waiting: 3, running: 1, at: now) == 1)
        #expect(plan.start(waiting: 1, running: 1, at: now) == 1)
        #expect(plan.start(waiting: 0, running: 0, at: now) == 0)
    }

    @Test func suspectsThatNobodyHereCanRunDoNotStartProcessesForEver() {
        var plan = IsolationPlan(limit: 2)
        let start = ContinuousClock.now
        var started = 0
        for tenth in 0..<600 {
            started += plan.start(waiting: 3, running: 0, at: start + .milliseconds(100 * tenth))
        }
        #expect(started < 40, "\(started) processes in a minute")
    }

    @Test func theBacktraceIsToldFromTheLastLines() {
        let text = "one\ntwo\n\n*** Program crashed: Illegal instruction at 0x1 ***\n\nThread 1 crashed:\n0 boom\n"
        let (lines, backtrace) = StandardErrorTail.split(Array(text.utf8))
        #expect(lines == "one\ntwo\n\n")
        #expect(backtrace?.hasPrefix("*** Program crashed") == true)
        #expect(StandardErrorTail.split(Array("quiet".utf8)).backtrace == nil)
    }

    @Test func aDeadLineOfGarbageIsKept() {
        let (lines, _) = StandardErrorTail.split([0xff, 0xfe] + Array(repeating: 0x61, count: 1 << 20))
        #expect(lines.utf8.count <= 16 << 10)
        #expect(lines.hasSuffix("aaa"))
    }
}
