import Testing

@testable import Relier

@Suite struct LeaseWatchTests {
    let start = ContinuousClock.now

    @Test func cancelsAtItsMarginAndLeavesAtTheDeadline() {
        let watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        #expect(watch.order(at: start + .milliseconds(2999)) == .carryOn)
        #expect(watch.order(at: start + .seconds(3)) == .cancelBodies)
        #expect(watch.order(at: start + .milliseconds(3999)) == .cancelBodies)
        #expect(watch.order(at: start + .seconds(4)) == .leave)
    }

    @Test func countsFromBeforeTheRenewalWasSent() {
        var watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        watch.renewed(sentAt: start + .seconds(1))
        #expect(watch.deadline == start + .seconds(5))
        watch.renewed(sentAt: start)
        #expect(watch.deadline == start + .seconds(5), "a late answer to an earlier renewal takes nothing away")
    }

    @Test func fourRenewalsMayBeLost() {
        let watch = LeaseWatch(lease: .seconds(5), joinedAt: start)
        #expect(watch.interval * 5 <= watch.lease)
    }
}

@Suite struct LeaseObserverTests {
    let start = ContinuousClock.now
    let one = Incarnation.next()

    private func sighting(_ counter: UInt64, gone: Bool = false) -> LeaseSighting {
        LeaseSighting(incarnation: one, counter: counter, lease: .seconds(5), holderGone: gone)
    }

    @Test func aCounterThatStoodStillForTheWholeLeaseHasEnded() {
        var observer = LeaseObserver()
        #expect(observer.observe([sighting(7)], at: start).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .milliseconds(4999)).isEmpty)
        let ended = observer.observe([sighting(7)], at: start + .seconds(5))
        #expect(ended.map(\.target) == [.incarnation(one, counter: 7)])
        #expect(ended.map(\.death) == [.leaseEnded])
    }

    @Test func aMovingCounterLives() {
        var observer = LeaseObserver()
        for second in 0..<60 {
            #expect(observer.observe([sighting(UInt64(second / 4))], at: start + .seconds(second)).isEmpty)
        }
    }

    @Test func aFreedLockIsBelievedAtOnce() {
        var observer = LeaseObserver()
        let ended = observer.observe([sighting(7, gone: true)], at: start)
        #expect(ended.map(\.target) == [.incarnation(one, counter: nil)])
        #expect(ended.map(\.death) == [.lockFreed])
    }

    @Test func afterAnOutageOneFullLeaseIsGiven() {
        var observer = LeaseObserver()
        _ = observer.observe([sighting(7)], at: start)
        observer.reset()
        #expect(observer.observe([sighting(7)], at: start + .seconds(30)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(34)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(35)).count == 1)
    }

    @Test func whoeverDisappearedIsForgotten() {
        var observer = LeaseObserver()
        _ = observer.observe([sighting(7)], at: start)
        _ = observer.observe([], at: start + .seconds(3))
        #expect(observer.observe([sighting(7)], at: start + .seconds(6)).isEmpty)
    }
}
