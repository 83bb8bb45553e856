import Relier

extension Partitions {
    /// Takes from one partition after the other, from `start` on, what the slots allow.
    func claim(_ request: ClaimRequest, from start: Int) async throws(EngineError) -> [ClaimedTask] {
        if isOne { return try await first.claim(request, token: .random(in: 0 ... .max)) }
        let order = servers.indices.map { ($0 + start) % count }
        if request.suspects { return try await claimSuspect(request, order) }
        var claim = WideClaim(request)
        // Each queue has its share of all partitions before what is left goes to all in their order.
        let isShared = request.shares.count > 1
        for partition in order where claim.left > 0 {
            try await claim.take(request.shares.indices, from: partition, of: self, isWithinShares: isShared)
        }
        if isShared {
            for index in request.shares.indices {
                for partition in order where claim.left > 0 && !claim.isDrained(index, in: partition) {
                    try await claim.take(index..<index + 1, from: partition, of: self, isWithinShares: false)
                }
            }
        }
        // As near to the order of their pushes as can be told from here.
        return claim.tasks.sorted { $0.envelope.id < $1.envelope.id }
    }
}

/// A claim under way through the partitions.
private struct WideClaim {
    private struct Place: Hashable {
        let share: Int
        let partition: Int
    }

    private let request: ClaimRequest
    private let limit: Int
    /// What is left of the shares.
    private var slots: [Int]
    /// Where a queue gave less than it was asked for.
    private var drained: Set<Place> = []
    private(set) var tasks: [ClaimedTask] = []

    init(_ request: ClaimRequest) {
        self.request = request
        limit = request.limit
        slots = request.shares.map(\.slots)
    }

    var left: Int { limit - tasks.count }

    func isDrained(_ share: Int, in partition: Int) -> Bool { drained.contains(Place(share: share, partition: partition)) }

    mutating func take(
        _ shares: Range<Int>, from partition: Int, of partitions: Partitions, isWithinShares: Bool
    ) async throws(EngineError) {
        var own = request
        own.limit = left
        own.shares = shares.map { index in
            QueueShare(queue: request.shares[index].queue, slots: isWithinShares ? slots[index] : shares.count == 1 ? left : slots[index])
        }
        let found: [ClaimedTask]
        do {
            found = try await partitions.servers[partition].claim(own, token: .random(in: 0 ... .max), isWithinShares: isWithinShares)
        } catch {
            // What is taken already is run; where it ought not to be, its fences say so.
            if tasks.isEmpty || error.code == .fenced { throw error }
            return
        }
        partitions.homes.note(found.map(\.envelope.id), in: partition)
        tasks += found
        for (index, share) in zip(shares, own.shares) where share.queue != .requeue {
            let taken = found.count { $0.queue == share.queue }
            if taken < share.slots && left > 0 { drained.insert(Place(share: index, partition: partition)) }
            slots[index] = max(0, slots[index] - taken)
        }
    }
}
