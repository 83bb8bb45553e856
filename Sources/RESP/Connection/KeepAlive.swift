import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Lets the kernel ask after a peer that has been silent, so that a connection on which nothing is under way, such as a subscription's, does
/// not outlive a vanished machine by more than half a minute. Costs this process nothing.
enum KeepAlive {
    struct Option: Sendable {
        let name: ChannelOptions.Types.SocketOption
        let value: Int
    }

    static let options: [Option] = {
        #if canImport(Darwin)
            let idle = TCP_KEEPALIVE
        #else
            let idle = TCP_KEEPIDLE
        #endif
        return [Option(name: .socketOption(.so_keepalive), value: 1)]
            + [(idle, 15), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 3)].map { name, value in
                Option(name: .tcpOption(NIOBSDSocket.Option(rawValue: name)), value: value)
            }
    }()
}
