import Crypto
public import Foundation

/// A secret that vouches for tasks, and the name by which envelopes tell which one it was.
///
/// Its descriptions never show the secret.
public struct SigningKey: Sendable, Equatable {
    /// 1 to 64 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`. Not secret.
    public let id: String
    private let secret: SymmetricKey
    /// With the key taken in, which takes longer than the code of a small task; each code goes on from a copy.
    let hmac: HMAC<SHA256>

    /// The least bytes of a secret.
    public static let minSecretBytes = 16

    /// - Throws: ``SigningKeyError`` for an id with other characters, or a secret of fewer than 16 bytes.
    public init(id: String, secret: some ContiguousBytes) throws(SigningKeyError) {
        let secret = SymmetricKey(data: secret)
        let bytes = secret.bitCount / 8
        guard bytes >= Self.minSecretBytes else {
            throw SigningKeyError("a secret has at least \(Self.minSecretBytes) bytes; this one has \(bytes)")
        }
        guard Self.isID(id) else {
            throw SigningKeyError("a key's id has 1 to 64 letters, digits, '.', '_' or '-', and stands before the first ':'")
        }
        self.id = id
        self.secret = secret
        hmac = HMAC(key: secret)
    }

    /// The same id and the same secret; how long it takes does not tell where two secrets differ.
    public static func == (left: SigningKey, right: SigningKey) -> Bool { left.id == right.id && left.secret == right.secret }

    /// Reads `id:secret`, or a bare secret, whose id is derived from it.
    ///
    /// The bytes of the secret are those of the text as UTF-8. The derived id is the first 4 bytes of HMAC-SHA256 under the secret over `relier key id`,
    /// as 8 hexadecimal digits.
    /// - Throws: ``SigningKeyError`` for a text that is none; commas and control characters are refused, so that every key can stand in a list of keys.
    public init(parsing text: String) throws(SigningKeyError) {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == 0x2c }) {
            throw SigningKeyError("a secret has no comma and no control character")
        }
        if let colon = text.firstIndex(of: ":") {
            try self.init(id: String(text[..<colon]), secret: Data(text[text.index(after: colon)...].utf8))
        } else {
            let secret = Data(text.utf8)
            try self.init(id: Self.derivedID(of: secret), secret: secret)
        }
    }

    private static func derivedID(of secret: Data) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data("relier key id".utf8), using: SymmetricKey(data: secret))
        return code.prefix(4).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "signing key '\(id)'" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// The keys of a program: one signs, all of them are accepted.
///
/// A key is replaced in two steps, so that no task meets a worker that does not know its key: first every program gets the new key among ``previous``,
/// then every program gets it as ``current`` with the old one among ``previous``.
public struct SigningKeys: Sendable, Equatable, CustomStringConvertible {
    /// Signs, and is accepted.
    public let current: SigningKey
    /// Accepted, and signs nothing.
    public let previous: [SigningKey]

    /// - Throws: ``SigningKeyError`` when two different keys have one id.
    public init(current: SigningKey, previous: [SigningKey] = []) throws(SigningKeyError) {
        var known = [current.id: current]
        for key in previous {
            if let other = known[key.id], other != key {
                throw SigningKeyError("two different keys have the id '\(key.id)'; give the newer one another id, as in 'id:secret'")
            }
            known[key.id] = key
        }
        self.current = current
        self.previous = previous
    }

    /// The key of that id; `nil` when it is none of these.
    public func key(_ id: String) -> SigningKey? {
        current.id == id ? current : previous.first { $0.id == id }
    }

    public var description: String {
        "signing with '\(current.id)'" + (previous.isEmpty ? "" : ", accepting \(previous.map { "'\($0.id)'" }.joined(separator: ", "))")
    }
}

/// A text or bytes that make no signing key. Its description shows nothing of them.
public struct SigningKeyError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
