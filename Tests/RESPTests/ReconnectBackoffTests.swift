import NIOCore
import Testing

@testable import RESP

@Suite struct ReconnectBackoffTests {
    @Test func doublesWithJitterUpToItsLongest() {
        var random = SplitMix(seed: 1)
        var backoff = ReconnectBackoff(first: .milliseconds(10), longest: .milliseconds(1000))
        for whole in [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000] as [Int64] {
            let delay = backoff.failed(using: &random).nanoseconds
            #expect(delay <= whole * 1_000_000 && delay >= whole * 500_000)
        }
        for _ in 0..<100 { #expect(backoff.failed(using: &random) <= .milliseconds(1000)) }
        backoff.succeeded()
        #expect(backoff.failed(using: &random) <= .milliseconds(10))
    }

    @Test func twoClientsDiffer() {
        var (one, other) = (SplitMix(seed: 1), SplitMix(seed: 2))
        var (a, b) = (ReconnectBackoff(), ReconnectBackoff())
        #expect((0..<5).map { _ in a.failed(using: &one) } != (0..<5).map { _ in b.failed(using: &other) })
    }
}
