import Testing

@testable import Relier

@Suite struct LeaseWatchTests {
    let start = ContinuousClock.now

    @Test func isEndangeredAtItsMarginAndEndsAtTheDeadline() {
        var watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        #expect(watch.nextLook == start + .seconds(3))
        let phases = [2999, 3000, 3999, 4000, 9000].map { watch.look(at: start + .milliseconds($0)) }
        #expect(phases == [nil, .endangered, nil, .ended, nil], "each is told once")
    }

    @Test func aLookThatComesLateSkipsTheMargin() {
        var watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        let phase = watch.look(at: start + .seconds(60))
        #expect(phase == .ended)
    }

    @Test func countsFromBeforeTheRenewalWasSent() {
        var watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        let becameSafe = watch.renewed(sentAt: start + .seconds(1), now: start + .milliseconds(1010))
        #expect(!becameSafe, "it was safe before")
        #expect(watch.deadline == start + .seconds(5))
        _ = watch.renewed(sentAt: start, now: start + .seconds(1))
        #expect(watch.deadline == start + .seconds(5), "a late answer to an earlier renewal takes nothing away")
    }

    @Test func aRenewalMakesItSafeAgainUnlessItTookTooLong() {
        var watch = LeaseWatch(lease: .seconds(4), joinedAt: start)
        _ = watch.look(at: start + .seconds(4))
        #expect(watch.pause(isIdle: true) <= .milliseconds(50), "nothing else matters until it is renewed")
        let tooLate = watch.renewed(sentAt: start + .seconds(4), now: start + .milliseconds(7500))
        #expect(!tooLate && watch.phase == .ended, "a renewal that took so long is as good as none")
        let inTime = watch.renewed(sentAt: start + .milliseconds(7500), now: start + .milliseconds(7510))
        #expect(inTime && watch.phase == .safe)
        let phase = watch.look(at: start + .milliseconds(11_500))
        #expect(phase == .ended)
    }

    @Test func fourRenewalsMayBeLost() {
        let watch = LeaseWatch(lease: .seconds(5), joinedAt: start)
        #expect(watch.pause(isIdle: false) * 5 <= watch.lease)
    }

    @Test func whoHoldsNothingRenewsLessOftenAndStillInTime() {
        let watch = LeaseWatch(lease: .seconds(5), joinedAt: start)
        #expect(watch.pause(isIdle: true) > watch.pause(isIdle: false))
        #expect(watch.pause(isIdle: true) * 2 < watch.lease - watch.margin, "two renewals may be lost")
    }
}

@Suite struct LeaseObserverTests {
    let start = ContinuousClock.now
    let one = Incarnation.next()

    private func sighting(_ counter: UInt64?, gone: Bool = false) -> LeaseSighting {
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

    @Test func aFreedLockIsBelievedOnceTheParentHadItsTurn() {
        var observer = LeaseObserver()
        #expect(observer.observe([sighting(7)], at: start).isEmpty)
        #expect(observer.observe([sighting(7, gone: true)], at: start + .seconds(4)).isEmpty, "the parent knows of what it died")
        #expect(observer.observe([sighting(7, gone: true)], at: start + .milliseconds(4999)).isEmpty)
        let ended = observer.observe([sighting(7, gone: true)], at: start + .seconds(5))
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

    @Test func aLeaseThatCannotBeSeenIsNotCounted() {
        var observer = LeaseObserver()
        for second in 0..<60 {
            #expect(observer.observe([sighting(nil)], at: start + .seconds(second)).isEmpty, "nothing was seen to stand still")
        }
        #expect(observer.observe([sighting(7)], at: start + .seconds(60)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(64)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(65)).count == 1)
    }

    @Test func aLookThatFailsBreaksTheView() {
        var observer = LeaseObserver()
        _ = observer.observe([sighting(7)], at: start)
        _ = observer.observe([sighting(nil)], at: start + .seconds(3))
        #expect(observer.observe([sighting(7)], at: start + .seconds(6)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(10)).isEmpty)
        #expect(observer.observe([sighting(7)], at: start + .seconds(11)).count == 1)
    }

    @Test func aFreedLockIsBelievedWithoutACounter() {
        var observer = LeaseObserver()
        _ = observer.observe([sighting(nil, gone: true)], at: start)
        let ended = observer.observe([sighting(nil, gone: true)], at: start + .seconds(1))
        #expect(ended.map(\.target) == [.incarnation(one, counter: nil)])
    }

    @Test func whoeverDisappearedIsForgotten() {
        var observer = LeaseObserver()
        _ = observer.observe([sighting(7)], at: start)
        _ = observer.observe([], at: start + .seconds(3))
        #expect(observer.observe([sighting(7)], at: start + .seconds(6)).isEmpty)
    }
}
