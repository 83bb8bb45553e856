import Synchronization
import Testing

@testable import Relier

@Suite struct TimerWheelTests {
    let start = ContinuousClock.now

    @Test func nothingIsDueEarlyAndNothingIsMuchTooLate() {
        var random = SplitMix(seed: 7)
        var wheel = TimerWheel<Int>(origin: start)
        var times: [Int: Duration] = [:]
        for number in 0..<2000 {
            let delay = Duration.milliseconds(Int64.random(in: 0...600_000, using: &random))
            times[number] = delay
            _ = wheel.add(number, at: start + delay, now: start)
        }
        var seen = 0
        while let next = wheel.next {
            for number in wheel.due(at: next) {
                let late = (start + (times[number] ?? .zero)).duration(to: next)
                #expect(late >= .zero && late <= max(.milliseconds(20), (times[number] ?? .zero) / 256))
                seen += 1
            }
        }
        #expect(seen == 2000)
    }

    @Test func whatIsTakenBackIsNotDue() {
        var wheel = TimerWheel<Int>(origin: start)
        let tickets = (0..<100).map { wheel.add($0, at: start + .seconds(1 + $0 % 7), now: start) }
        for (number, ticket) in tickets.enumerated() where number % 2 == 0 { wheel.remove(ticket) }
        #expect(wheel.due(at: start + .seconds(60)).sorted() == Array(stride(from: 1, to: 100, by: 2)))
        #expect(wheel.next == nil)
        for ticket in tickets { wheel.remove(ticket) }
    }

    @Test func longDelaysShareFewBuckets() {
        var wheel = TimerWheel<Int>(origin: start)
        var instants: Set<ContinuousClock.Instant> = []
        // A task a millisecond, each with a timeout of an hour.
        for number in 0..<60_000 {
            let now = start + .milliseconds(number)
            let ticket = wheel.add(number, at: now + .hours(1), now: now)
            if number % 60_000 != 59_999 { wheel.remove(ticket) } else if let next = wheel.next { instants.insert(next) }
        }
        #expect(instants.count == 1)
        #expect(wheel.due(at: start + .hours(2)) == [59_999])
    }

    @Test func actionsAreDoneInTheirOrderOnAThreadOfTheirOwn() async {
        let deadlines = Deadlines()
        let done = Mutex<[Int]>([])
        await withCheckedContinuation { continuation in
            let now = ContinuousClock.now
            deadlines.at(now + .milliseconds(120)) { continuation.resume() }
            deadlines.at(now + .milliseconds(80)) { done.withLock { $0.append(2) } }
            let dropped = deadlines.at(now + .milliseconds(60)) { done.withLock { $0.append(9) } }
            deadlines.at(now + .milliseconds(20)) { done.withLock { $0.append(1) } }
            deadlines.cancel(dropped)
        }
        deadlines.stop()
        #expect(done.withLock { $0 } == [1, 2])
    }
}

/// A seeded generator: SplitMix64 (Steele, Lea and Flood, 2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
