/// What RFC 8259 calls a number.
enum JSONNumberSyntax {
    /// The end of the number that begins at that place, and whether it has neither fraction nor exponent.
    /// - Returns: `nil` when the bytes there are not a number.
    static func end(in bytes: [UInt8], from start: Int) -> (end: Int, isInteger: Bool)? {
        var position = start
        func peek() -> UInt8 { position < bytes.count ? bytes[position] : 0 }
        func skipDigits() -> Bool {
            let first = position
            while position < bytes.count, isDigit(bytes[position]) { position += 1 }
            return position > first
        }

        if peek() == UInt8(ascii: "-") { position += 1 }
        if peek() == UInt8(ascii: "0") {
            position += 1
            if isDigit(peek()) { return nil }
        } else if !skipDigits() {
            return nil
        }
        let whole = position
        if peek() == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() else { return nil }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            position += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() else { return nil }
        }
        return (position, position == whole)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
