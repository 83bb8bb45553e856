package import Logging
package import NIOCore
import NIOPosix

/// How a client behaves. Durations are more than zero and at most a day.
package struct RESPClientOptions: Sendable {
    /// Multiplexed connections; commands take turns on them. One carries more than one server can do, unless replies are large. Default 1.
    package var connections = 1
    /// For an attempt to connect, from the first packet to the login, and for the wait of a command for a connection. Default 2 s.
    package var connectTimeout = Duration.seconds(2)
    /// For a command from its submission to its reply, unless it says otherwise. Default 5 s.
    package var commandTimeout = Duration.seconds(5)
    /// A connection that owes a reply and sends nothing for so long is closed. Default 5 s.
    package var silenceTimeout = Duration.seconds(5)
    /// Before the first attempt to connect again; doubled with each failure, with jitter. Default 10 ms.
    package var firstBackoff = Duration.milliseconds(10)
    /// Default 1 s.
    package var longestBackoff = Duration.seconds(1)
    package var limits = RESPLimits()
    /// Told of each outage and its end. Default: nobody.
    package var logger = Logger(label: "resp") { _ in SwiftLogNoOpLogHandler() }
    package var eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    /// What connecting has to do besides I/O runs here; `nil` is the cooperative pool.
    package var taskExecutor: (any TaskExecutor)?

    package init() {}

    func validate() throws(RESPError) {
        guard (1...64).contains(connections) else {
            throw RESPError(.invalidSetting, "Redis connections: \(connections) is not from 1 to 64")
        }
        let durations = [
            ("connect timeout", connectTimeout), ("command timeout", commandTimeout), ("silence timeout", silenceTimeout),
            ("first back-off", firstBackoff), ("longest back-off", longestBackoff),
        ]
        for (name, duration) in durations where duration <= .zero || duration > .seconds(86_400) {
            throw RESPError(.invalidSetting, "Redis \(name): \(duration) is not more than zero and at most a day")
        }
    }
}
