import NIOCore
import NIOPosix
import NIOSSL

/// Opens a channel whose replies go to a link.
enum Connector {
    /// Has to be called on the link's event loop.
    static func connect(to endpoint: RESPEndpoint, settings: LinkSettings, core: LinkCore, attempt: Int) -> EventLoopFuture<any Channel> {
        let eventLoop = core.eventLoop
        let bound = NIOLoopBound(core, eventLoop: eventLoop)
        let serverName = Self.serverName(of: endpoint)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(settings.connectTimeout)
            .channelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = settings.tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let handler = ReplyHandler(core: bound.value, attempt: attempt, limits: settings.limits)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        switch endpoint.address {
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        case .host(let host, let port):
            // The kernel finds out about a peer that vanished while nothing was under way.
            let bootstrap = KeepAlive.options.reduce(bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)) { bootstrap, option in
                bootstrap.channelOption(option.name, value: option.value)
            }
            // An address in figures must not wait behind the names that are being looked up.
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        }
    }

    /// The name to ask for and to check; an address in figures cannot be one.
    private static func serverName(of endpoint: RESPEndpoint) -> String? {
        if let name = endpoint.tls?.serverName { return name }
        guard case .host(let host, _) = endpoint.address, (try? SocketAddress(ipAddress: host, port: 0)) == nil else { return nil }
        return host
    }

    static func error(_ error: any Error, at place: String) -> RESPError {
        RESPError(.connectFailed, "no connection to \(place): \(reason(error))", cause: error)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let error = error.connectionErrors.first { return reason(error.error) }
            return "the name '\(error.host)' is not known (\(error.dnsAError ?? error.dnsAAAAError ?? error))"
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "\(error)"
        }
    }
}

extension RESPError {
    /// TLS that fails will not work better soon: a wrong certificate stays wrong.
    var isPermanentFailure: Bool {
        switch cause {
        case is NIOSSLExtraError: true
        case let error as NIOSSLError: if case .handshakeFailed(.sslError) = error { true } else { false }
        case let error as BoringSSLError: if case .sslError = error { true } else { false }
        default: false
        }
    }
}
