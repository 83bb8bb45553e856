import Crypto
import Foundation

/// The limit keys of a task: a hash of the named arguments' canonical JSON.
enum LimitKeys {
    static func make<Task: RelierTask>(for type: Task.Type, limits: [TaskLimit], payload: Data) throws -> [LimitKey] {
        if limits.isEmpty { return [] }
        var members: CanonicalMembers?
        return try limits.map { limit in
            let rule = limit.rule(of: type.name)
            if rule.arguments.isEmpty { return LimitKey(rule) }
            guard let read = members ?? CanonicalMembers(payload) else {
                throw RegistrationError("task '\(type.name)' has a limit for each key, but its payload is no JSON object")
            }
            members = read
            return LimitKey(rule, key: key(of: rule.arguments, in: read))
        }.sorted { $0.rule.kind < $1.rule.kind }
    }

    /// Names and values with separators that no JSON text contains, so that no two lists of members give the same bytes.
    private static func key(of arguments: [String], in members: CanonicalMembers) -> String {
        var bytes: [UInt8] = []
        for name in arguments {
            bytes += name.utf8
            bytes.append(0)
            // A missing optional is encoded as an absent member: the same key as an explicit null.
            bytes += members.value(of: name) ?? CanonicalMembers.null
            bytes.append(0)
        }
        return Hex.text(SHA256.hash(data: bytes).prefix(16))
    }
}

enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
