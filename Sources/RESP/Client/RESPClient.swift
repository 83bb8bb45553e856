import NIOCore
import NIOSSL
import Synchronization

/// A client of one Redis or Valkey server, or of the master that Sentinel names. Connects when the first command comes, and again whenever it has to.
///
/// Commands of all callers share few connections. Those of one caller that waits for each reply are carried out in its order; between
/// several callers there is no order. Close it with ``close()``; one that is merely let go closes at once.
package final class RESPClient: RESPSender {
    private let options: RESPClientOptions
    private let source: LinkSettings.Source
    private let name: String
    private let tls: NIOSSLContext?
    private let links: [Link]
    private let turn = Atomic<Int>(0)
    private let watch: SentinelWatch?
    private let others = Mutex(Others())

    /// Links with a purpose of their own, to be closed and redirected with the rest.
    private struct Others {
        var links: [WeakLink] = []
        var isClosed = false
    }

    /// - Throws: ``RESPError/Code/invalidSetting``. Nothing is connected yet.
    package convenience init(_ endpoint: RESPEndpoint, options: RESPClientOptions = RESPClientOptions()) throws(RESPError) {
        try endpoint.validate()
        try self.init(
            .fixed(endpoint), name: endpoint.description, tls: try endpoint.tls?.context(), sentinel: nil, options: options)
    }

    /// - Throws: ``RESPError/Code/invalidSetting``. Nothing is connected yet.
    package convenience init(_ sentinel: RESPSentinel, options: RESPClientOptions = RESPClientOptions()) throws(RESPError) {
        try sentinel.validate()
        try options.validate()
        let resolver = try SentinelResolver(sentinel, options: options)
        try self.init(
            .master(
                find: { () async throws(RESPError) in try await resolver.master() },
                refute: { Task { await resolver.wasWrong() } }), name: sentinel.description,
            tls: try sentinel.server.tls?.context(), sentinel: resolver, options: options)
    }

    private init(
        _ source: LinkSettings.Source, name: String, tls: NIOSSLContext?, sentinel: SentinelResolver?, options: RESPClientOptions
    ) throws(RESPError) {
        try options.validate()
        self.options = options
        self.source = source
        self.name = name
        self.tls = tls
        let settings = LinkSettings(source, name: name, tls: tls, options: options)
        links = (0..<options.connections).map { _ in Link(settings, on: options.eventLoopGroup.next()) }
        watch = sentinel.map { SentinelWatch($0, options: options) }
        watch?.start { [weak self] address in self?.follow(address) }
    }

    package func send(_ command: RESPCommand, timeout: Duration?, isShielded: Bool) async throws(RESPError) -> RESPValue {
        let index = links.count == 1 ? 0 : turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        return try await links[index % links.count].send(command, timeout: timeout, isShielded: isShielded)
    }

    /// Commands whose replies come only once enough replicas have their writes, on a connection of their own.
    ///
    /// What is sent meanwhile leaves together, with one `WAIT` behind it. Where it ends without enough replicas, each of its commands throws
    /// ``RESPError/Code/outcomeUnknown``: it was carried out, but a failover may lose it. An error that the server answered is thrown as such.
    /// - Parameters:
    ///   - replicas: at least 1.
    ///   - timeout: for the replicas, from 1 ms to a day.
    package func replicated(to replicas: Int, within timeout: Duration) -> RESPReplicatedSender {
        var settings = LinkSettings(source, name: name, tls: tls, options: options)
        let wait = TimeAmount(min(max(timeout, .milliseconds(1)), .seconds(86_400)))
        settings.replication = LinkSettings.Replication(replicas: max(1, replicas), timeout: wait)
        settings.silenceTimeout = settings.silenceTimeout + wait
        return RESPReplicatedSender(makeLink(settings))
    }

    /// Receives what is published to channels, on a connection of its own that is made again when it is lost.
    /// - Parameters:
    ///   - channels: their exact names. More can be added later.
    ///   - buffer: events that are kept for a slow consumer, at least 1. Beyond it the oldest messages are dropped, which the consumer is told.
    /// - Throws: as ``send(_:timeout:)``, when the server did not confirm all of them in time.
    package func subscribe(to channels: [String], patterns: [String] = [], buffer: Int = 1024) async throws(RESPError) -> RESPSubscription {
        let state = SubscriptionState(capacity: buffer)
        var settings = LinkSettings(source, name: name, tls: tls, options: options)
        settings.keepsConnected = true
        settings.hooks = state.hooks()
        let subscription = RESPSubscription(makeLink(settings), state: state)
        do {
            try await subscription.add(channels, patterns: patterns)
        } catch {
            await subscription.close()
            throw error
        }
        return subscription
    }

    /// Takes no more commands, lets those under way end, and closes all connections, subscriptions too. Bounded by the commands' own deadlines.
    package func close() async {
        watch?.close()
        let others = others.withLock { state in
            state.isClosed = true
            return state.links.compactMap(\.link)
        }
        await withDiscardingTaskGroup { group in
            for link in links + others { group.addTask { await link.close() } }
        }
    }

    private func makeLink(_ settings: LinkSettings) -> Link {
        let link = Link(settings, on: options.eventLoopGroup.next())
        let isClosed = others.withLock { state in
            state.links.removeAll { $0.link == nil }
            state.links.append(WeakLink(link: link))
            return state.isClosed
        }
        if isClosed { link.shut() }
        return link
    }

    private func follow(_ address: RESPEndpoint.Address) {
        for link in links + others.withLock({ $0.links.compactMap(\.link) }) { link.follow(address) }
    }
}

private struct WeakLink: Sendable {
    weak let link: Link?
}

/// See ``RESPClient/replicated(to:within:)``. Keep one and share it: each has a connection.
package final class RESPReplicatedSender: RESPSender {
    private let link: Link

    init(_ link: Link) { self.link = link }

    package func send(_ command: RESPCommand, timeout: Duration?, isShielded: Bool) async throws(RESPError) -> RESPValue {
        try await link.send(command, timeout: timeout, isShielded: isShielded)
    }

    /// As ``RESPClient/close()``, which also closes this.
    package func close() async { await link.close() }
}
