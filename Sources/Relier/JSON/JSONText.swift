/// JSON text under construction: how each kind of scalar is written.
struct JSONText {
    var bytes: [UInt8] = []

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func bool(_ value: Bool) { value ? append("true") : append("false") }

    mutating func null() { append("null") }

    // MARK: - Numbers

    mutating func integer(_ value: some FixedWidthInteger) {
        if let small = Int(exactly: value) { return integer(small) }
        var text = String(value)
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    mutating func integer(_ value: Int) {
        guard value.magnitude < 100_000_000 else {
            var text = value.description
            return text.withUTF8 { bytes.append(contentsOf: $0) }
        }
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        // Up to eight digits, the first one in the lowest byte.
        var digits: UInt64 = 0
        var rest = UInt32(truncatingIfNeeded: value.magnitude)
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits = digits << 8 | UInt64(UInt32(UInt8(ascii: "0")) + digit)
            rest = quotient
        } while rest > 0
        while digits > 0 {
            bytes.append(UInt8(truncatingIfNeeded: digits))
            digits >>= 8
        }
    }

    /// The shortest text that reads back as this number, 1 rather than 1.0. The number is finite.
    mutating func finite(_ value: some BinaryFloatingPoint & LosslessStringConvertible) {
        var text = value.description
        text.withUTF8 { utf8 in
            let isWhole = utf8.count > 2 && utf8[utf8.count - 2] == UInt8(ascii: ".") && utf8[utf8.count - 1] == UInt8(ascii: "0")
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8.dropLast(isWhole ? 2 : 0)))
        }
    }

    // MARK: - Strings

    /// With quotation marks and escapes.
    mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        escaped(value)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Without quotation marks.
    /// - Returns: whether some character needed an escape.
    @discardableResult
    mutating func escaped(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { escaped($0) }
    }

    @discardableResult
    mutating func escaped(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(utf8)
        var mark = 0
        var position = 0
        while position < utf8.count {
            // Eight bytes at a time: most text has nothing to escape.
            if position + 8 <= utf8.count, Self.isPlain(raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)) {
                position += 8
                continue
            }
            let byte = utf8[position]
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                position += 1
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[mark..<position]))
            escape(byte)
            position += 1
            mark = position
        }
        bytes.append(contentsOf: mark == 0 ? utf8 : UnsafeBufferPointer(rebasing: utf8[mark...]))
        return mark > 0
    }

    /// Whether none of eight bytes is a control character, a quotation mark or a backslash.
    ///
    static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let controls = (word &- ones &* 0x20) & ~word
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5c)
        return (controls | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)) & highs == 0
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0a: append("\\n")
        case 0x0c: append("\\f")
        case 0x0d: append("\\r")
        default:
            append("\\u00")
            append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let digit = byte & 0x0f
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

extension [UInt8] {
    /// The first eight bytes of a range, the first one in front, filled up with zeros.
    func prefix(_ range: Range<Int>) -> UInt64 {
        var prefix: UInt64 = 0
        for position in range.lowerBound..<Swift.min(range.lowerBound + 8, range.upperBound) {
            prefix = prefix << 8 | UInt64(self[position])
        }
        return range.count < 8 ? prefix << (8 * UInt64(8 - range.count)) : prefix
    }

    /// Whether the bytes of the first range come before those of the second: the order of members, elements and pairs.
    func precedes(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
        let common = Swift.min(first.count, second.count)
        for offset in 0..<common {
            let (left, right) = (self[first.lowerBound + offset], self[second.lowerBound + offset])
            if left != right { return left < right }
        }
        return first.count < second.count
    }
}
