import Testing

@testable import Relier

@Suite struct QueueSharesTests {
    /// Every queue has more than enough; a claim takes what the shares say, in their order.
    private func serve(_ queues: [WeightedQueue], free: Int, claims: Int) -> [Queue: Int] {
        var shares = QueueShares(queues, concurrency: free)
        var served: [Queue: Int] = [:]
        for _ in 0..<claims {
            var left = free
            var taken: [Queue: Int] = [:]
            let plan = shares.plan(free: free)
            for share in plan {
                let count = min(left, share.slots)
                taken[share.queue, default: 0] += count
                left -= count
            }
            // What is left goes in order, as an engine does.
            if let first = plan.first { taken[first.queue, default: 0] += left }
            shares.charge(taken)
            for (queue, count) in taken { served[queue, default: 0] += count }
        }
        return served
    }

    @Test(arguments: [1, 2, 7, 64]) func sharesFollowTheWeights(free: Int) {
        let served = serve([WeightedQueue("a", weight: 3), WeightedQueue("b", weight: 1)], free: free, claims: 4000 / free)
        let total = Double(served.values.reduce(0, +))
        #expect(abs(Double(served["a"] ?? 0) / total - 0.75) < 0.05)
    }

    @Test func aSingleSlotStarvesNobody() {
        let served = serve([WeightedQueue("a", weight: 999), WeightedQueue("b", weight: 1)], free: 1, claims: 3000)
        #expect((served["b"] ?? 0) >= 2)
    }

    @Test func parsesWeights() {
        #expect(WeightedQueue(parsing: "mail") == WeightedQueue("mail"))
        #expect(WeightedQueue(parsing: "mail=3") == WeightedQueue("mail", weight: 3))
        for bad in ["", "mail=0", "mail=x", "mail=1001", "a,b", "=3"] { #expect(WeightedQueue(parsing: bad) == nil, "\(bad)") }
    }
}
