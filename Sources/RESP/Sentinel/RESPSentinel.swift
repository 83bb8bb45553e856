/// A master that Sentinel looks after.
package struct RESPSentinel: Sendable, Hashable, CustomStringConvertible {
    /// The name that the sentinels know the master by.
    package var masterName: String
    /// The sentinels, asked in turn. At least one.
    package var nodes: [RESPEndpoint.Address]
    /// Log-in to the sentinels themselves; `nil`: none.
    package var user: String?
    package var password: RESPSecret?
    /// TLS to the sentinels; `nil`: none.
    package var tls: RESPTLS?
    /// How to log in to the master. Its address is not used.
    package var server: RESPEndpoint

    package init(
        masterName: String, nodes: [RESPEndpoint.Address], user: String? = nil, password: RESPSecret? = nil, tls: RESPTLS? = nil,
        server: RESPEndpoint = RESPEndpoint()
    ) {
        self.masterName = masterName
        self.nodes = nodes
        self.user = user
        self.password = password
        self.tls = tls
        self.server = server
    }

    /// Reads `host:port,host:port`, where the port is 26379 unless it is said.
    /// - Throws: ``RESPError/Code/invalidSetting`` with one line that names the part.
    package static func nodes(_ list: String) throws(RESPError) -> [RESPEndpoint.Address] {
        var nodes: [RESPEndpoint.Address] = []
        for node in list.split(separator: ",") {
            let text = node.trimmingPrefix { $0 == " " }
            let end = text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex
            nodes.append(try RESPEndpoint.address(String(text[..<end]), defaultPort: 26379, of: "Sentinel nodes"))
        }
        guard !nodes.isEmpty else { throw RESPError(.invalidSetting, "Sentinel nodes: there is none; give host:port,host:port") }
        return nodes
    }

    package var description: String { "Sentinel's master '\(masterName)'" }

    /// One of the sentinels, as something to connect to.
    func endpoint(_ node: RESPEndpoint.Address) -> RESPEndpoint {
        RESPEndpoint(node, user: user, password: password, clientName: server.clientName, tls: tls)
    }

    func validate() throws(RESPError) {
        guard !masterName.isEmpty else { throw RESPError(.invalidSetting, "Sentinel: the master's name is empty") }
        guard !nodes.isEmpty else { throw RESPError(.invalidSetting, "Sentinel: there are no nodes") }
        for node in nodes { try endpoint(node).validate() }
        try server.validate()
    }
}
