import Foundation

#if Redis
    import RelierRedis
#endif

/// Where an engine is: `sqlite:PATH`, with `?durability=relaxed` where wanted, or a Redis or Valkey server.
struct EngineURL: Sendable, Hashable, CustomStringConvertible {
    enum Place: Sendable, Hashable {
        /// The path is relative to the working directory, or absolute; the durability is `nil` where the URL does not say.
        case sqlite(path: String, durability: Durability?)
        case redis
    }

    /// As it was given. That of a server may have a password in it: not for people.
    let description: String
    let place: Place

    static let allowed =
        "sqlite:relier.db, sqlite:/absolute/path.db, either with ?durability=durable or ?durability=relaxed; redis://user:password@host:6379/0, rediss://… with TLS, unix:/path/of.sock"

    /// - Throws: ``SettingsError`` that says what is allowed, without a password.
    init(_ text: String) throws(SettingsError) {
        func refuse(_ problem: String) -> SettingsError { SettingsError("'\(text)' \(problem); allowed: \(Self.allowed)") }
        guard let colon = text.firstIndex(of: ":") else { throw refuse("has no scheme; did you mean sqlite:\(text)") }
        description = text
        switch text[..<colon].lowercased() {
        case "sqlite": place = try Self.file(text[text.index(after: colon)...], refuse)
        case "redis", "rediss", "valkey", "valkeys", "unix", "redis+unix":
            #if Redis
                if let objection = RedisEngine.objection(to: text) { throw SettingsError("\(objection); allowed: \(Self.allowed)") }
                place = .redis
            #else
                throw SettingsError(
                    "this program was built without the trait 'Redis' of relier; build it with that trait, or use sqlite:PATH")
            #endif
        default: throw SettingsError("the scheme '\(text[..<colon])' is unknown; allowed: \(Self.allowed)")
        }
    }

    private static func file(_ text: Substring, _ refuse: (String) -> SettingsError) throws(SettingsError) -> Place {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = String(parts[0])
        // sqlite:///srv/relier.db is what other tools write for /srv/relier.db.
        if path.hasPrefix("///") { path.removeFirst(2) }
        if path.hasPrefix("//") { throw refuse("names a host; a SQLite file is on this machine") }
        guard let decoded = path.removingPercentEncoding, !decoded.contains("\0") else { throw refuse("has a wrong percent sign") }
        if decoded.hasPrefix(":") { throw refuse("is a database in memory, which no other process can see") }
        if decoded.hasSuffix("/") { throw refuse("names a directory") }
        return .sqlite(
            path: decoded.isEmpty ? "relier.db" : decoded, durability: try parts.count == 2 ? durability(in: parts[1], refuse) : nil)
    }

    private static func durability(
        in query: Substring, _ refuse: (String) -> SettingsError
    ) throws(SettingsError) -> Durability? {
        var durability: Durability?
        for item in query.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, pair[0] == "durability" else { throw refuse("has the unknown option '\(item)'") }
            guard let value = Durability(rawValue: String(pair[1])) else { throw refuse("has durability '\(pair[1])'") }
            durability = value
        }
        return durability
    }
}
