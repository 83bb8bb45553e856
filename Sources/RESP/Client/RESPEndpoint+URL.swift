import Foundation

extension RESPEndpoint {
    /// Reads `redis://user:password@host:port/database`, `rediss://` for TLS, or `unix:///path/of/socket`.
    ///
    /// Each part but the scheme may be missing. User, password and path are percent-decoded. Parameters: `db`, `name` (of the client),
    /// `ca`, `cert`, `key` (PEM files), `verify` (`full`, `chain` or `none`), `sni` (the name that the certificate is checked for).
    /// - Throws: ``RESPError/Code/invalidSetting`` with one line that names the part; the URL itself is not shown, since it may hold a password.
    package init(url: String) throws(RESPError) {
        func refuse(_ why: String) -> RESPError { RESPError(.invalidSetting, "Redis URL: \(why)") }
        guard let separator = url.firstRange(of: "://") else {
            throw refuse("it does not begin with redis://, rediss:// or unix://")
        }
        let scheme = url[..<separator.lowerBound].lowercased()
        let (whole, query) = url[separator.upperBound...].split(at: "?")
        let slash = whole.firstIndex(of: "/") ?? whole.endIndex
        let (userInfo, place) = whole[..<slash].splitLast(at: "@")
        let path = whole[slash...]

        self.init()
        switch scheme {
        case "redis", "valkey": break
        case "rediss", "valkeys": tls = RESPTLS()
        case "unix", "redis+unix":
            guard place.isEmpty else { throw refuse("a socket's path begins with a slash, as in unix:///run/redis.sock") }
            guard path.count > 1, let decoded = path.removingPercentEncoding else { throw refuse("the path of the socket is missing") }
            address = .unix(decoded)
        default: throw refuse("'\(scheme)' is not redis, rediss or unix")
        }
        if case .host = address {
            address = try Self.address(String(place), defaultPort: 6379, of: "Redis URL")
            let number = path.drop { $0 == "/" }
            if !number.isEmpty {
                guard let database = Int(number), database >= 0 else { throw refuse("database '\(number)' is not a number from 0") }
                self.database = database
            }
        }
        if let userInfo {
            let (name, secret) = userInfo.split(at: ":")
            guard let name = name.removingPercentEncoding, let secret = (secret ?? "").removingPercentEncoding else {
                throw refuse("user or password is not percent-encoded properly")
            }
            if !name.isEmpty { user = name }
            if !secret.isEmpty { password = RESPSecret(secret) }
        }
        for parameter in query?.split(separator: "&") ?? [] {
            let (name, value) = parameter.split(at: "=")
            guard let value = value?.removingPercentEncoding, !value.isEmpty else { throw refuse("parameter '\(name)' has no value") }
            try apply(String(name), value)
        }
        try validate()
    }

    private mutating func apply(_ name: String, _ value: String) throws(RESPError) {
        func refuse(_ why: String) -> RESPError { RESPError(.invalidSetting, "Redis URL: \(why)") }
        switch name {
        case "db":
            guard let number = Int(value), number >= 0 else { throw refuse("database '\(value)' is not a number from 0") }
            database = number
        case "name": clientName = value
        case "ca", "cert", "key", "verify", "sni":
            guard tls != nil else { throw refuse("parameter '\(name)' needs rediss://") }
            switch name {
            case "ca": tls?.authorities = value
            case "cert": tls?.certificate = value
            case "key": tls?.privateKey = value
            case "sni": tls?.serverName = value
            default:
                guard let verification = RESPTLS.Verification(rawValue: value) else {
                    throw refuse("verify is 'full', 'chain' or 'none', not '\(value)'")
                }
                tls?.verification = verification
            }
        default: throw refuse("unknown parameter '\(name)'; there are db, name, ca, cert, key, verify and sni")
        }
    }

    /// `host`, `host:port`, `[v6]:port`, or nothing for this machine.
    static func address(_ text: String, defaultPort: Int, of what: String) throws(RESPError) -> Address {
        var host = text[...]
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw RESPError(.invalidSetting, "\(what): a '[' without its ']'") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw RESPError(.invalidSetting, "\(what): '\(rest)' after the address") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = text[...].split(at: ":")
        }
        var number = defaultPort
        if let port {
            guard let given = Int(port), (1...65535).contains(given) else {
                throw RESPError(.invalidSetting, "\(what): port '\(port)' is not a number from 1 to 65535")
            }
            number = given
        }
        return .host(host.isEmpty ? "127.0.0.1" : String(host), port: number)
    }
}

extension Substring {
    fileprivate func split(at separator: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }

    fileprivate func splitLast(at separator: Character) -> (Substring?, Substring) {
        guard let index = lastIndex(of: separator) else { return (nil, self) }
        return (self[..<index], self[self.index(after: index)...])
    }
}
