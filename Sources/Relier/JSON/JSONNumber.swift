public import Foundation

/// A number of a JSON text, as it was written there. Only the accessors round, and they say so.
///
/// Two numbers are equal when their literals are equal: `1`, `1.0` and `1e0` are three different numbers.
public struct JSONNumber: Sendable, Hashable {
    /// The text of the number, as in JSON: `-12.5e3`.
    ///
    /// `NaN`, `Infinity` and `-Infinity` come only from `JSONValue.number(_:)` with such a `Double`; encoding them throws.
    public let literal: String

    /// - Returns: `nil` when JSON does not allow the text as a number: `01`, `.5`, `+1`, `1.`, `0x1`, ` 1`, `NaN`.
    public init?(literal: String) {
        let bytes = Array(literal.utf8)
        guard let (end, _) = JSONNumberSyntax.end(in: bytes, from: 0), end == bytes.count else { return nil }
        self.literal = literal
    }

    /// All digits of the integer, however many.
    public init(_ value: some BinaryInteger) { literal = String(value) }

    /// The shortest literal that reads back as this number: `1` for 1.0.
    /// - Returns: `nil` for an infinite value and for what is not a number.
    public init?(_ value: Double) {
        if !value.isFinite { return nil }
        self.init(any: value)
    }

    /// All digits of the decimal number.
    /// - Returns: `nil` for `Decimal.nan`.
    public init?(_ value: Decimal) {
        if value.isNaN { return nil }
        let text = value.description
        guard text.utf8.contains(UInt8(ascii: ".")) else {
            literal = text
            return
        }
        // Equal numbers have equal text: 1.50 is 1.5.
        let digits = text.utf8.reversed().drop { $0 == UInt8(ascii: "0") }.reversed()
        literal = String(decoding: digits.last == UInt8(ascii: ".") ? digits.dropLast() : digits[...], as: UTF8.self)
    }

    /// A literal that the scanner found.
    init(found literal: String) { self.literal = literal }

    /// Also holds NaN and infinities, which no coder writes.
    init(any value: Double) {
        guard value.isFinite else {
            literal = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
            return
        }
        var text = JSONText()
        text.finite(value)
        literal = String(decoding: text.bytes, as: UTF8.self)
    }

    /// Whether JSON can hold it.
    var isJSON: Bool { literal.utf8.last.map { $0 <= UInt8(ascii: "9") } ?? false }

    // MARK: - As other types

    private var exact: ExactNumber? { isJSON ? ExactNumber(Array(literal.utf8)[...]) : nil }

    /// The number, when it is a whole number (also one written `1.0` or `1e3`) in the range of 64 bits with sign; otherwise `nil`.
    public var int64: Int64? { integer() }

    /// The number, when it is a whole number (also one written `1.0` or `1e3`) in the range of 64 bits without sign; otherwise `nil`.
    public var uint64: UInt64? { integer() }

    /// The nearest `Double`: infinite beyond its range, and possibly not exactly this number.
    public var double: Double {
        // Every literal is one in Swift too; what Double cannot parse is beyond its range.
        Double(literal) ?? (literal.hasPrefix("-") ? -.infinity : .infinity)
    }

    /// The number, when `Decimal` holds it exactly: up to 38 digits, and exponents from -128 to 127; otherwise `nil`.
    public var decimal: Decimal? { try? exact?.decimal() }

    private func integer<Value: FixedWidthInteger>() -> Value? { try? exact?.integer(Value.self) }

    /// The number, when ``CanonicalJSON`` decodes it as a `Double`; otherwise `nil`.
    var exactDouble: Double? {
        let bytes = Array(literal.utf8)
        return try? exact?.floatingPoint(Double.self, literal: bytes[...])
    }
}

extension JSONNumber: Codable {
    /// Relier's coders keep the literal. Other decoders give an integer, a `Decimal` or a `Double`, possibly rounded.
    /// - Throws: `DecodingError` when the value is not a number.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let relier = decoder as? CanonicalDecoder {
            self = try relier.decode(JSONNumber.self)
        } else if let value = try? container.decode(Int64.self) {
            self.init(value)
        } else if let value = try? container.decode(UInt64.self) {
            self.init(value)
        } else {
            let double = try? container.decode(Double.self)
            if let decimal = try? container.decode(Decimal.self), let number = JSONNumber(decimal),
                double.map({ number.double == $0 }) ?? true
            {
                self = number
            } else if let number = JSONNumber(try double ?? container.decode(Double.self)) {
                self = number
            } else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "JSON has no such number.")
            }
        }
    }

    /// Relier's coders write the literal. Other encoders get the first of `Int64`, `UInt64`, `Decimal` and `Double` that holds the number
    /// exactly.
    /// - Throws: `EncodingError.invalidValue` when none of them does.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if encoder is CanonicalEncoder {
            try container.encode(self)
        } else if let value = int64 {
            try container.encode(value)
        } else if let value = uint64 {
            try container.encode(value)
        } else if let value = decimal {
            try container.encode(value)
        } else if let value = exactDouble {
            try container.encode(value)
        } else {
            throw EncodingError.invalidValue(
                self,
                EncodingError.Context(
                    codingPath: encoder.codingPath, debugDescription: "No type that this encoder takes holds \(literal.prefix(60)) exactly."
                )
            )
        }
    }
}
