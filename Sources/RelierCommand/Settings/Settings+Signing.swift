import Relier

extension SettingsTable {
    static let secretKey = Setting<SigningKey>(
        name: "SECRET_KEY", group: "Security", type: "secret", allowed: "id:secret, or a secret alone; at least 16 bytes, no commas",
        defaultText: nil,
        help:
            "Signs every push, and workers run only what is signed. The same in all programs on one database. Without it nothing is signed.",
        isSecret: true, parse: { try? SigningKey(parsing: $0) })
    static let previousSecretKeys = Setting<[SigningKey]>(
        name: "SECRET_KEY_PREVIOUS", group: "Security", type: "secret", allowed: "keys as in RELIER_SECRET_KEY, with commas between",
        defaultText: nil, help: "Keys that are accepted too and sign nothing: the old ones, or the next one, while keys are exchanged.",
        isSecret: true, parse: { try? keys(in: $0) })

    static func keys(in list: String) throws(SigningKeyError) -> [SigningKey] {
        var keys: [SigningKey] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            keys.append(try SigningKey(parsing: String(part.trimmingPrefix(while: \.isWhitespace).trimmedEnd)))
        }
        return keys
    }
}

extension SettingsSource {
    /// The keys to sign and verify with; `nil` when none is set.
    /// - Throws: ``SettingsError`` that names the place and what is wrong, and shows nothing of a secret.
    func signingKeys() throws(SettingsError) -> SigningKeys? {
        let current = try text(of: SettingsTable.secretKey)
        let previous = try text(of: SettingsTable.previousSecretKeys)
        guard let current else {
            guard let previous else { return nil }
            throw SettingsError("\(previous.place) is set, but RELIER_SECRET_KEY is not: nothing would be signed; set it, or remove both")
        }
        let keys: SigningKeys
        do {
            keys = try SigningKeys(current: SigningKey(parsing: current.text))
        } catch {
            throw SettingsError("\(current.place): \(error.description); allowed: \(SettingsTable.secretKey.allowed)")
        }
        guard let previous else { return keys }
        do {
            return try SigningKeys(current: keys.current, previous: SettingsTable.keys(in: previous.text))
        } catch {
            throw SettingsError("\(previous.place): \(error.description); allowed: \(SettingsTable.previousSecretKeys.allowed)")
        }
    }
}
