/// Any JSON, as it came: for payloads whose shape is somebody else's.
///
/// Relier keeps its numbers to the digit: what is decoded and encoded again has the literals that it had.
public enum JSONValue: Sendable, Hashable, Codable {
    /// JSON's `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number with its literal. `number(_:)` also takes a `Double`.
    case number(JSONNumber)
    /// A string, without escapes.
    case string(String)
    /// The elements of an array, in their order.
    case array([JSONValue])
    /// The members of an object, whose order JSON does not count.
    case object([String: JSONValue])

    /// An integer.
    public static func integer(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }

    /// The shortest literal that reads back as this number. Encoding NaN or an infinity throws.
    public static func number(_ value: Double) -> JSONValue { .number(JSONNumber(any: value)) }

    /// - Throws: `DecodingError` when a decoder other than Relier's holds a value that JSON cannot express.
    public init(from decoder: any Decoder) throws {
        if let relier = decoder as? CanonicalDecoder {
            self = relier.document.json(relier.node)
            return
        }
        // Other decoders do not tell what they have: ask for one after the other.
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? JSONNumber(from: decoder) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// - Throws: `EncodingError.invalidValue` for NaN and infinities, and for a number that another encoder than Relier's cannot take
    ///   exactly.
    public func encode(to encoder: any Encoder) throws {
        if let relier = encoder as? CanonicalEncoder { return try relier.encodeInPlace(self) }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try value.encode(to: encoder)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
