package import Foundation

/// JSON with sorted keys, no white space: equal values give equal bytes.
package enum CanonicalJSON {
    // Shared: making one costs as much as a small value. Their settings never change.
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
    private static let decoder = JSONDecoder()

    package static func encode(_ value: some Encodable) throws -> Data { try encoder.encode(value) }

    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try decoder.decode(type, from: data)
    }
}
