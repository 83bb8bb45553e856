import Foundation

/// Where an engine is: `sqlite:PATH`, with `?durability=relaxed` where wanted.
struct EngineURL: Sendable, Hashable, CustomStringConvertible {
    /// As it was given.
    let description: String
    /// Relative to the working directory, or absolute.
    let path: String
    /// `nil` where the URL does not say.
    let durability: Durability?

    static let allowed = "sqlite:relier.db, sqlite:/absolute/path.db, either with ?durability=durable or ?durability=relaxed"

    /// - Throws: ``SettingsError`` that says what is allowed.
    init(_ text: String) throws(SettingsError) {
        func refuse(_ problem: String) -> SettingsError { SettingsError("'\(text)' \(problem); allowed: \(Self.allowed)") }
        guard let colon = text.firstIndex(of: ":") else { throw refuse("has no scheme; did you mean sqlite:\(text)") }
        switch text[..<colon].lowercased() {
        case "sqlite": break
        case "redis", "rediss": throw SettingsError("\(text[..<colon])://… is not supported by this build yet; allowed: \(Self.allowed)")
        default: throw refuse("is of an unknown scheme")
        }
        let parts = text[text.index(after: colon)...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = String(parts[0])
        // sqlite:///srv/relier.db is what other tools write for /srv/relier.db.
        if path.hasPrefix("///") { path.removeFirst(2) }
        if path.hasPrefix("//") { throw refuse("names a host; a SQLite file is on this machine") }
        guard let decoded = path.removingPercentEncoding, !decoded.contains("\0") else { throw refuse("has a wrong percent sign") }
        if decoded.hasPrefix(":") { throw refuse("is a database in memory, which no other process can see") }
        if decoded.hasSuffix("/") { throw refuse("names a directory") }
        self.path = decoded.isEmpty ? "relier.db" : decoded
        durability = try parts.count == 2 ? Self.durability(in: parts[1], refuse) : nil
        description = text
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
