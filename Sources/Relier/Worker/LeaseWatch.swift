/// When a worker renews its lease, and when it must stop itself. Pure: times go in, orders come out.
///
/// Others may start its tasks once its counter stood still for the lease. They began to look after the last renewal was sent, so counting from before
/// that moment the worker always stops first.
struct LeaseWatch {
    enum Order: Equatable {
        /// The lease goes on.
        case carryOn
        /// It may end soon: claim nothing more, cancel the bodies.
        case cancelBodies
        /// It ends now: whoever still runs must not.
        case leave
    }

    let lease: Duration
    /// How long before the deadline bodies are cancelled.
    let margin: Duration
    private(set) var renewedAt: ContinuousClock.Instant

    init(lease: Duration, joinedAt: ContinuousClock.Instant) {
        self.lease = lease
        margin = lease / 4
        renewedAt = joinedAt
    }

    /// Five renewals a lease: four may be lost.
    var interval: Duration { lease / 5 }

    var deadline: ContinuousClock.Instant { renewedAt + lease }

    /// - Parameter sentAt: the time before the renewal was sent.
    mutating func renewed(sentAt: ContinuousClock.Instant) { renewedAt = max(renewedAt, sentAt) }

    func order(at now: ContinuousClock.Instant) -> Order {
        if now >= deadline { return .leave }
        return now >= deadline - margin ? .cancelBodies : .carryOn
    }
}
