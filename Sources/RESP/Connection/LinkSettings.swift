import Logging
import NIOCore
import NIOSSL

/// What makes one link differ from another.
struct LinkSettings: Sendable {
    /// Where to connect.
    enum Source: Sendable {
        case fixed(RESPEndpoint)
        /// Asked before each attempt; must answer in bounded time. What it names has to call itself a master; otherwise it is told so.
        case master(find: @Sendable () async throws(RESPError) -> RESPEndpoint, refute: @Sendable () -> Void)
        /// Several that are all right, tried in turn.
        case anyOf([RESPEndpoint])

        var needsMaster: Bool { if case .master = self { true } else { false } }
    }

    /// One `WAIT` behind each flush.
    struct Replication: Sendable {
        let replicas: Int
        let timeout: TimeAmount
    }

    /// Called on the link's event loop.
    struct Hooks: Sendable {
        /// Commands that go out before any other on a new connection.
        var onReady: @Sendable () -> [PendingCommand] = { [] }
        var onPush: @Sendable ([RESPValue]) -> Void = { _ in }
        var onClosed: @Sendable () -> Void = {}
    }

    let source: Source
    /// For messages, as long as it is not known which server it is.
    let name: String
    var tls: NIOSSLContext?
    var connectTimeout: TimeAmount
    var commandTimeout: TimeAmount
    var silenceTimeout: TimeAmount
    var backoff: ReconnectBackoff
    var limits: RESPLimits
    var logger: Logger
    var taskExecutor: (any TaskExecutor)?
    /// Connects by itself, also when no command waits for it.
    var keepsConnected = false
    var replication: Replication?
    var hooks = Hooks()

    init(_ source: Source, name: String, tls: NIOSSLContext?, options: RESPClientOptions) {
        self.source = source
        self.name = name
        self.tls = tls
        connectTimeout = TimeAmount(options.connectTimeout)
        commandTimeout = TimeAmount(options.commandTimeout)
        silenceTimeout = TimeAmount(options.silenceTimeout)
        backoff = ReconnectBackoff(
            first: TimeAmount(options.firstBackoff), longest: TimeAmount(max(options.firstBackoff, options.longestBackoff)))
        limits = options.limits
        logger = options.logger
        taskExecutor = options.taskExecutor
    }
}
