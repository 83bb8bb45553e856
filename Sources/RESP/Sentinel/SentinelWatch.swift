import NIOCore

/// Listens to a sentinel for a change of master, on a connection that costs nothing while there is none.
final class SentinelWatch: Sendable {
    private static let channel = "+switch-master"

    private let resolver: SentinelResolver
    private let link: Link
    private let state: SubscriptionState

    init(_ resolver: SentinelResolver, options: RESPClientOptions) {
        self.resolver = resolver
        let sentinel = resolver.sentinel
        state = SubscriptionState(capacity: 16)
        state.confirmed(.channel(Self.channel), subscribing: true)
        var settings = LinkSettings(
            .anyOf(sentinel.nodes.map(sentinel.endpoint)), name: "the sentinels", tls: resolver.tls, options: options)
        settings.keepsConnected = true
        settings.hooks = state.hooks()
        link = Link(settings, on: options.eventLoopGroup.next())
        state.attach(link)
    }

    /// - Parameter follow: told where the master is whenever that may have changed.
    func start(_ follow: @escaping @Sendable (RESPEndpoint.Address) -> Void) {
        Task { [resolver, buffer = state.buffer] in
            // Ends with the link, which finishes its buffer.
            while let event = await buffer.next() {
                switch event {
                case .message(_, let payload, _):
                    if let address = Self.newMaster(String(buffer: payload), of: resolver.sentinel.masterName) { follow(address) }
                case .resubscribed, .dropped:
                    // What was said meanwhile was missed.
                    if let endpoint = try? await resolver.master() { follow(endpoint.address) }
                }
            }
        }
    }

    func close() { link.shut() }

    /// Reads `name old-host old-port new-host new-port`; `nil` when it is about another master.
    static func newMaster(_ message: String, of masterName: String) -> RESPEndpoint.Address? {
        let words = message.split(separator: " ")
        guard words.count == 5, words[0] == masterName, let port = Int(words[4]), (1...65535).contains(port) else { return nil }
        return .host(String(words[3]), port: port)
    }
}
