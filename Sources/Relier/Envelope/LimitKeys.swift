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
            bytes += members.value(of: name) ?? Array("null".utf8)[...]
            bytes.append(0)
        }
        return Hex.text(SHA256.hash(data: bytes).prefix(16))
    }
}

/// The members of a JSON object as ``CanonicalJSON`` writes it, without decoding their values: a push must not pay for that.
struct CanonicalMembers {
    private let bytes: [UInt8]
    private let members: [(name: Range<Int>, value: Range<Int>)]

    /// `nil` when that is no object.
    init?(_ json: Data) {
        var scanner = Scanner(bytes: Array(json))
        guard let members = scanner.members() else { return nil }
        self.members = members
        bytes = scanner.bytes
    }

    /// The JSON text of a member; `nil` when there is none.
    func value(of name: String) -> ArraySlice<UInt8>? {
        // Written as the encoder writes it. A quotation mark is no part of an argument's name.
        members.first { bytes[$0.name].elementsEqual(name.utf8) }.map { bytes[$0.value] }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func members() -> [(name: Range<Int>, value: Range<Int>)]? {
            guard take(UInt8(ascii: "{")) else { return nil }
            var found: [(name: Range<Int>, value: Range<Int>)] = []
            if take(UInt8(ascii: "}")) { return found }
            repeat {
                guard let name = string(), take(UInt8(ascii: ":")), let value = value() else { return nil }
                found.append((name.lowerBound + 1..<name.upperBound - 1, value))
            } while take(UInt8(ascii: ","))
            return take(UInt8(ascii: "}")) ? found : nil
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        /// With its quotation marks.
        private mutating func string() -> Range<Int>? {
            let start = position
            guard take(UInt8(ascii: "\"")) else { return nil }
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\\"): position += 2
                case UInt8(ascii: "\""):
                    position += 1
                    return start..<position
                default: position += 1
                }
            }
            return nil
        }

        /// Up to the comma or brace behind it.
        private mutating func value() -> Range<Int>? {
            let start = position
            var depth = 0
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    guard string() != nil else { return nil }
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    position += 1
                case UInt8(ascii: "}") where depth == 0, UInt8(ascii: ",") where depth == 0:
                    return start == position ? nil : start..<position
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    position += 1
                default: position += 1
                }
            }
            return nil
        }
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
