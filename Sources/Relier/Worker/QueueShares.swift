/// Divides free slots among queues by weight, over many claims: what a queue missed while others had work it gets later, so none starves.
///
/// Deficit round robin (Shreedhar and Varghese, 1995) with fractional credits. Pure.
struct QueueShares {
    private let queues: [WeightedQueue]
    private let total: Double
    private let bound: Double
    private var credits: [Double]

    init(_ queues: [WeightedQueue], concurrency: Int) {
        self.queues = queues
        total = Double(max(1, queues.reduce(0) { $0 + $1.weight }))
        bound = Double(max(1, concurrency))
        credits = Array(repeating: 0, count: queues.count)
    }

    /// The shares of a claim for `free` slots, the queue that is owed most first.
    mutating func plan(free: Int) -> [QueueShare] {
        for index in credits.indices {
            credits[index] = min(bound, credits[index] + Double(free) * Double(queues[index].weight) / total)
        }
        return credits.indices.sorted { credits[$0] > credits[$1] }
            .map { QueueShare(queue: queues[$0].queue, slots: min(free, max(0, Int(credits[$0])))) }
    }

    /// Charges what the claim took.
    mutating func charge(_ taken: [Queue: Int]) {
        for index in credits.indices {
            credits[index] = max(-bound, credits[index] - Double(taken[queues[index].queue] ?? 0))
        }
    }
}
