/// Finds leases that have ended: those whose counter a sweeper saw unchanged for their whole duration on its own clock, and those whose holder the engine knows to be gone. Pure.
///
/// No wall clock and no other machine's clock takes part. After a break in its view a sweeper starts anew, so that neither an outage of the engine nor a
/// lease that cannot be looked at ends one.
struct LeaseObserver {
    /// How long a holder has to be gone before a sweeper acts on it: the parent of its process, where there is one, saw it die too, knows of what, and comes first.
    static let parentsTurn = Duration.seconds(1)

    private struct Seen {
        var counter: UInt64?
        var since: ContinuousClock.Instant
        var holderGone: Bool
    }

    private var seen: [Incarnation: Seen] = [:]

    /// What has ended by `now`.
    mutating func observe(_ sightings: [LeaseSighting], at now: ContinuousClock.Instant) -> [(target: ReleaseTarget, death: Death)] {
        var ended: [(target: ReleaseTarget, death: Death)] = []
        var next: [Incarnation: Seen] = [:]
        for sighting in sightings {
            // A look that failed is a break in the view: counting begins again with the next one that succeeds.
            if sighting.counter == nil && !sighting.holderGone { continue }
            let fresh = Seen(counter: sighting.counter, since: now, holderGone: sighting.holderGone)
            var entry = seen[sighting.incarnation] ?? fresh
            if entry.counter != sighting.counter || entry.holderGone != sighting.holderGone { entry = fresh }
            next[sighting.incarnation] = entry
            if sighting.holderGone {
                if now - entry.since >= Self.parentsTurn { ended.append((.incarnation(sighting.incarnation, counter: nil), .lockFreed)) }
            } else if now - entry.since >= sighting.lease {
                ended.append((.incarnation(sighting.incarnation, counter: sighting.counter), .leaseEnded))
            }
        }
        seen = next
        return ended
    }

    /// The view was broken: what stood still before says nothing.
    mutating func reset() { seen = [:] }
}
