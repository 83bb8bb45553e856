/// When a worker renews its lease, and when it must stop itself. Pure: times go in, phases come out.
///
/// Others may start its tasks once its counter stood still for the lease. They began to look after the last renewal was sent, so counting from before
/// that moment the worker always stops first.
struct LeaseWatch {
    enum Phase: Equatable {
        /// The lease goes on.
        case safe
        /// It may end soon: claim nothing more, cancel the bodies.
        case endangered
        /// It may have ended: whoever still runs must not. A renewal that succeeds makes it safe again, since nobody took the tasks.
        case ended
    }

    let lease: Duration
    /// How long before the deadline bodies are cancelled.
    let margin: Duration
    private(set) var renewedAt: ContinuousClock.Instant
    private(set) var phase = Phase.safe

    init(lease: Duration, joinedAt: ContinuousClock.Instant) {
        self.lease = lease
        margin = lease / 4
        renewedAt = joinedAt
    }

    /// Five renewals a lease: four may be lost.
    var interval: Duration { lease / 5 }

    /// How long to wait before the next renewal.
    /// - Parameter isIdle: whether nothing is held. Then nothing is lost by one renewal less in a lease.
    func pause(isIdle: Bool) -> Duration { phase == .safe ? (isIdle ? lease / 4 : interval) : min(interval, .milliseconds(50)) }

    var deadline: ContinuousClock.Instant { renewedAt + lease }

    /// When to look next.
    var nextLook: ContinuousClock.Instant { phase == .safe ? deadline - margin : deadline }

    /// A renewal was answered. `true` when the lease is safe again after it was not.
    ///
    /// - Parameter sentAt: the time before the renewal was sent.
    mutating func renewed(sentAt: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Bool {
        renewedAt = max(renewedAt, sentAt)
        // One that took so long that it is as good as none changes nothing.
        guard phase != .safe, now < deadline - margin else { return false }
        phase = .safe
        return true
    }

    /// What has become of the lease by `now`, if that is worse than before.
    mutating func look(at now: ContinuousClock.Instant) -> Phase? {
        if phase != .ended && now >= deadline {
            phase = .ended
            return .ended
        }
        if phase == .safe && now >= deadline - margin {
            phase = .endangered
            return .endangered
        }
        return nil
    }
}
