package import Foundation

/// JSON with sorted members and no white space: equal values give equal bytes, on every machine and in every process.
///
/// The encoder writes the bytes of Foundation's `JSONEncoder` with sorted keys and unescaped slashes, but sorts by their bytes what Swift
/// enumerates at random: the elements of a `Set`, and the pairs of a dictionary that is encoded as an array because its keys cannot be
/// member names. The decoder rounds nothing: it refuses a number that the type asked for cannot hold exactly.
///
/// The encoder sorts a `Set` or dictionary that a container is given. A type whose own `encode(to:)` calls `set.encode(to: encoder)` hides
/// the set from the encoder, and its elements stay in random order; such a type calls `encoder.singleValueContainer().encode(set)`.
package enum CanonicalJSON {
    /// How deep arrays and objects may be nested, in both directions.
    static let maximumDepth = 512

    /// - Throws: `EncodingError.invalidValue` for NaN, infinities, more than 512 nested arrays and objects, and a value that encodes
    ///   nothing; and whatever the value's own `encode(to:)` throws.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = CanonicalEncoder()
        defer { encoder.releaseAttachments() }
        let bytes = try encoder.encodeRoot(value)
        // Several times as fast as `Data(bytes)`, which takes the array for any sequence.
        return bytes.withUnsafeBytes { Data($0) }
    }

    /// - Throws: `DecodingError`. It names the byte, line and column of a syntax error, and the number that does not fit; and whatever the
    ///   type's own `init(from:)` throws.
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let document = try JSONDocument(Array(data))
        return try document.value(type, at: 0)
    }
}
