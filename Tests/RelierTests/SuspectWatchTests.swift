import Testing

@testable import Relier

@Suite struct SuspectWatchTests {
    let start = ContinuousClock.now

    private func look(_ watch: inout SuspectWatch, _ waiting: Int, after seconds: Int) -> Bool {
        watch.look(waiting: waiting, at: start + .seconds(seconds))
    }

    @Test func itsTurnComesWhenNobodyTakesThem() {
        var watch = SuspectWatch(patience: .seconds(30))
        let looks = [(1, 0), (1, 10), (2, 20), (2, 29), (2, 30)].map { look(&watch, $0.0, after: $0.1) }
        #expect(looks == [false, false, false, false, true])
    }

    @Test func whoeverTakesOneIsLeftToIt() {
        var watch = SuspectWatch(patience: .seconds(30))
        let looks = [(3, 0), (3, 20), (2, 25), (2, 50), (0, 54), (1, 56), (1, 85), (1, 86)].map { look(&watch, $0.0, after: $0.1) }
        #expect(looks == [false, false, false, false, false, false, false, true])
    }

    @Test func aTurnInVainMakesItMorePatient() {
        var watch = SuspectWatch(patience: .seconds(30))
        watch.tookTurn(inVain: true)
        #expect(watch.patience == .seconds(60))
        watch.tookTurn(inVain: false)
        #expect(watch.patience == .seconds(60))
        for _ in 0..<20 { watch.tookTurn(inVain: true) }
        #expect(watch.patience == .seconds(3600))
        let first = look(&watch, 1, after: 0)
        #expect(!first && watch.interval == .seconds(10))
    }

    @Test func aPatienceOfHoursStaysAsItWasSet() {
        var watch = SuspectWatch(patience: .seconds(7200))
        watch.tookTurn(inVain: true)
        #expect(watch.patience == .seconds(7200))
    }
}
