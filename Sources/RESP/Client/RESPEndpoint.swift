/// Where a server is and how to log in. Prints as its address, never with its password.
package struct RESPEndpoint: Sendable, Hashable, CustomStringConvertible {
    package enum Address: Sendable, Hashable, CustomStringConvertible {
        /// A name or a numeric address, without brackets.
        case host(String, port: Int)
        /// The path of a Unix socket.
        case unix(String)

        package var description: String {
            switch self {
            case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }
    }

    package var address: Address
    /// `nil` is the server's user `default`. Needs a password.
    package var user: String?
    package var password: RESPSecret?
    /// From 0 to what the server has, 15 unless it is configured otherwise.
    package var database = 0
    /// Shown by `CLIENT LIST`. Printable ASCII without spaces.
    package var clientName: String?
    /// `nil` means no TLS.
    package var tls: RESPTLS?

    package init(
        _ address: Address, user: String? = nil, password: RESPSecret? = nil, database: Int = 0, clientName: String? = nil,
        tls: RESPTLS? = nil
    ) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
        self.clientName = clientName
        self.tls = tls
    }

    package init(host: String = "127.0.0.1", port: Int = 6379) { self.init(.host(host, port: port)) }

    package var description: String { address.description }

    /// - Throws: ``RESPError/Code/invalidSetting`` for what no server would accept.
    func validate() throws(RESPError) {
        func refuse(_ why: String) -> RESPError { RESPError(.invalidSetting, "\(self): \(why)") }
        if case .host(let host, let port) = address {
            guard !host.isEmpty else { throw refuse("the host is empty") }
            guard (1...65535).contains(port) else { throw refuse("port \(port) is not from 1 to 65535") }
        }
        if case .unix(let path) = address {
            // The size of `sun_path`, its closing zero deducted.
            guard !path.isEmpty, path.utf8.count <= 103 else { throw refuse("a socket's path has from 1 to 103 bytes") }
        }
        guard database >= 0 else { throw refuse("database \(database) is negative") }
        if user != nil, password == nil { throw refuse("a user needs a password") }
        if let clientName, !clientName.utf8.allSatisfy({ (33...126).contains($0) }) {
            throw refuse("a client's name is printable ASCII without spaces")
        }
    }
}

/// A password. Prints as `***`, also inside of what contains it.
package struct RESPSecret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    let value: String

    package init(_ value: String) { self.value = value }
    package init(stringLiteral value: String) { self.value = value }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
