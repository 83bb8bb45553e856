package import NIOCore

extension RESPValue {
    package var isNull: Bool { self == .null }

    /// The bytes of any string; `nil` for what is none.
    package var buffer: ByteBuffer? {
        switch self {
        case .bulk(let buffer), .simple(let buffer), .verbatim(_, let buffer), .bigNumber(let buffer): buffer
        default: nil
        }
    }

    /// The bytes of any string, copied out; `nil` for what is none.
    package var bytes: [UInt8]? { buffer.map { Array($0.readableBytesView) } }

    /// Any string as UTF-8, invalid bytes replaced; `nil` for what is none.
    package var string: String? { buffer.map { String(buffer: $0) } }

    /// An integer, or a string that is the decimal form of one.
    package var integer: Int? {
        switch self {
        case .integer(let number): number
        default: buffer.flatMap { decimal($0) }
        }
    }

    /// A number of any kind, or a string that is one.
    package var double: Double? {
        switch self {
        case .double(let number): number
        case .integer(let number): Double(number)
        default: string.flatMap(Double.init)
        }
    }

    package var boolean: Bool? {
        switch self {
        case .boolean(let flag): flag
        case .integer(let number): number != 0
        default: nil
        }
    }

    /// The elements of an array, set or push. Of a map: keys and values in turn, the shape that RESP2 gave it.
    package var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .map(let pairs): pairs.flatMap { [$0.key, $0.value] }
        default: nil
        }
    }

    /// The value of a map's key, also of an array of keys and values in turn; `nil` when there is none.
    package subscript(key: String) -> RESPValue? {
        switch self {
        case .map(let pairs): return pairs.first { $0.key.string == key }?.value
        case .array(let elements):
            let index = stride(from: 0, to: elements.count - 1, by: 2).first { elements[$0].string == key }
            return index.map { elements[$0 + 1] }
        default: return nil
        }
    }

    /// A string from text, for tests and comparisons.
    package static func bulk(_ text: String) -> RESPValue { .bulk(ByteBuffer(string: text)) }
    package static func simple(_ text: String) -> RESPValue { .simple(ByteBuffer(string: text)) }
}

/// The decimal integer that a buffer holds and nothing else.
private func decimal(_ buffer: ByteBuffer) -> Int? {
    buffer.withUnsafeReadableBytes { bytes in
        var position = bytes.startIndex
        let number = scanDecimal(bytes, from: &position)
        return position == bytes.endIndex ? number : nil
    }
}

/// Reads `[+-]digits`. `nil` when there is no digit or 64 bits do not hold it; `position` ends behind the digits.
@inline(__always)
func scanDecimal(_ bytes: UnsafeRawBufferPointer, from position: inout Int) -> Int? {
    guard position < bytes.count else { return nil }
    let negative = bytes[position] == UInt8(ascii: "-")
    if negative || bytes[position] == UInt8(ascii: "+") { position += 1 }
    let start = position
    var number = 0
    while position < bytes.count {
        let digit = bytes[position] &- UInt8(ascii: "0")
        guard digit < 10 else { break }
        let (scaled, tooBig) = number.multipliedReportingOverflow(by: 10)
        // Counted down below zero, since the lowest number has no positive twin.
        let (next, overflow) = negative ? scaled.subtractingReportingOverflow(Int(digit)) : scaled.addingReportingOverflow(Int(digit))
        if tooBig || overflow { return nil }
        number = next
        position += 1
    }
    return position > start ? number : nil
}
