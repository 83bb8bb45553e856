import Relier

/// What a push and a commit wait for beyond the server's own answer.
///
/// What the server's answer means is the server's own setting: with `appendfsync always` it is on disk, with `everysec` it is within about a second.
/// Replication is asynchronous: after a failover the new master may lack what the old one accepted last, unless it was waited for.
public struct RedisDurability: Sendable, Hashable {
    let replicas: Int
    let patience: Duration

    /// For the server alone.
    public static let server = RedisDurability(replicas: 0, patience: .zero)

    /// Until so many replicas have it too, from 1. Pushes, ticks of schedules, settlements and hand-settled keys then go over a connection of their
    /// own, and what is under way together shares one `WAIT`.
    ///
    /// Where `patience` runs out before they do, the call throws `outcomeUnknown`: it was carried out, and a failover may lose it. Sending it again is
    /// safe, and waits anew. A worker's commit is sent again by the worker.
    /// - Parameter patience: from 1 ms to a day.
    public static func replicated(_ replicas: Int, within patience: Duration = .seconds(2)) -> RedisDurability {
        RedisDurability(replicas: max(1, replicas), patience: min(max(.milliseconds(1), patience), .days(1)))
    }
}
