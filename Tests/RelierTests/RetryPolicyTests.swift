import Testing

@testable import Relier

@Suite struct RetryPolicyTests {
    struct Odd: Error {}

    @Test func noneNeverTriesAgain() {
        #expect(RetryPolicy.none.delay(afterAttempt: 1, error: Odd(), random: 0) == nil)
    }

    @Test func fixedTriesUpToItsAttempts() {
        let policy = RetryPolicy.fixed(every: .seconds(3), maxAttempts: 3)
        #expect(policy.delay(afterAttempt: 1, error: Odd(), random: 0.5) == .seconds(3))
        #expect(policy.delay(afterAttempt: 2, error: Odd(), random: 0.5) == .seconds(3))
        #expect(policy.delay(afterAttempt: 3, error: Odd(), random: 0.5) == nil)
    }

    @Test func exponentialGrowsToItsMaximum() {
        let policy = RetryPolicy.exponential(initial: .seconds(1), factor: 2, maximum: .seconds(5), maxAttempts: 10, jitter: 0)
        let delays = (1...5).map { policy.delay(afterAttempt: $0, error: Odd(), random: 0) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
    }

    @Test func jitterTakesOffAtMostItsShare() {
        let policy = RetryPolicy.exponential(initial: .seconds(10), factor: 1, maximum: .seconds(10), maxAttempts: 2, jitter: 0.5)
        #expect(policy.delay(afterAttempt: 1, error: Odd(), random: 0) == .seconds(10))
        #expect(policy.delay(afterAttempt: 1, error: Odd(), random: 1) == .seconds(5))
    }

    @Test func retryIfSortsErrors() {
        let policy = RetryPolicy.fixed(every: .zero, maxAttempts: 5).retryIf { $0 is Odd }
        #expect(policy.delay(afterAttempt: 1, error: Odd(), random: 0) == .zero)
        #expect(policy.delay(afterAttempt: 1, error: CancellationError(), random: 0) == nil)
    }

    @Test func aLongExponentialDoesNotOverflow() {
        let policy = RetryPolicy.exponential(initial: .seconds(1), factor: 1000, maximum: .hours(1), maxAttempts: .max, jitter: 0)
        #expect(policy.delay(afterAttempt: 1_000_000, error: Odd(), random: 0) == .hours(1))
    }
}
