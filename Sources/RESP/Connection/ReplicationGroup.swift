import NIOCore

/// The replies of one flush that are held back until `WAIT` told how many replicas have its writes. Pure.
struct ReplicationGroup<Token, Reply> {
    private struct Held {
        let token: Token
        let deadline: NIODeadline
        let reply: Reply
    }

    private var held: [Held] = []
    /// Nothing is due before this.
    private(set) var earliest = NIODeadline.distantFuture

    var isEmpty: Bool { held.isEmpty }

    mutating func hold(_ token: Token, reply: Reply, deadline: NIODeadline) {
        held.append(Held(token: token, deadline: deadline, reply: reply))
        earliest = min(earliest, deadline)
    }

    /// Takes out those whose time is over; they were carried out, and the replicas may have them.
    mutating func expire(now: NIODeadline) -> [Token] {
        guard earliest <= now else { return [] }
        let due = held.filter { $0.deadline <= now }.map(\.token)
        held.removeAll { $0.deadline <= now }
        earliest = held.lazy.map(\.deadline).min() ?? .distantFuture
        return due
    }

    /// Everything that was held, when `WAIT` was answered or its connection is gone.
    mutating func release() -> [(token: Token, reply: Reply)] {
        defer { self = ReplicationGroup() }
        return held.map { ($0.token, $0.reply) }
    }
}
