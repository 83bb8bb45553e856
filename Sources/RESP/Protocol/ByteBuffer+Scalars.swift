import NIOCore

private let carriageReturn = UInt8(ascii: "\r")
private let lineFeed = UInt8(ascii: "\n")

/// Each reads one token off the front and leaves the buffer as it was when the token is not whole yet.
extension ByteBuffer {
    /// A marker and a decimal length, `-1` for the null of RESP2.
    mutating func readLength() throws(ProtocolViolation) -> Int? {
        guard let (length, used) = try integerLine() else { return nil }
        guard length >= -1 else { throw ProtocolViolation("a negative length") }
        moveReaderIndex(forwardBy: used)
        return length
    }

    /// A string with its length in front: bulk, verbatim or error.
    mutating func readBlob(_ marker: UInt8, limits: RESPLimits) throws(ProtocolViolation) -> RESPValue? {
        guard let (length, header) = try integerLine() else { return nil }
        if length == -1, marker == UInt8(ascii: "$") {
            moveReaderIndex(forwardBy: header)
            return .null
        }
        guard length >= 0, length <= limits.bulkLength else {
            throw ProtocolViolation("a string of \(length) bytes; from 0 to \(limits.bulkLength) are allowed")
        }
        guard readableBytes >= header + length + 2 else { return nil }
        let start = readerIndex + header
        guard getInteger(at: start + length, as: UInt16.self) == 0x0d0a else {
            throw ProtocolViolation("a string without its line end")
        }
        guard let content = getSlice(at: start, length: length) else { return nil }
        moveReaderIndex(forwardBy: header + length + 2)
        switch marker {
        case UInt8(ascii: "$"): return .bulk(content)
        case UInt8(ascii: "!"): return .error(RESPServerError(String(buffer: content)))
        default:
            var content = content
            guard let format = content.readString(length: 4), format.last == ":" else {
                throw ProtocolViolation("a verbatim string without its format")
            }
            return .verbatim(format: String(format.dropLast()), content)
        }
    }

    /// Whatever is one line.
    mutating func readScalar(_ marker: UInt8, limits: RESPLimits) throws(ProtocolViolation) -> RESPValue? {
        switch marker {
        case UInt8(ascii: ":"):
            guard let (number, used) = try integerLine() else { return nil }
            moveReaderIndex(forwardBy: used)
            return .integer(number)
        case UInt8(ascii: "+"):
            return try readLine(limits.lineLength).map(RESPValue.simple)
        case UInt8(ascii: "-"):
            return try readLine(limits.lineLength).map { .error(RESPServerError(String(buffer: $0))) }
        case UInt8(ascii: "_"):
            guard let line = try readLine(limits.lineLength) else { return nil }
            guard line.readableBytes == 0 else { throw ProtocolViolation("a null with content") }
            return .null
        case UInt8(ascii: "#"):
            guard let line = try readLine(limits.lineLength) else { return nil }
            switch String(buffer: line) {
            case "t": return .boolean(true)
            case "f": return .boolean(false)
            default: throw ProtocolViolation("a boolean that is neither t nor f")
            }
        case UInt8(ascii: ","):
            guard let line = try readLine(limits.lineLength) else { return nil }
            guard let number = Double(String(buffer: line)) else { throw ProtocolViolation("a double that is no number") }
            return .double(number)
        case UInt8(ascii: "("):
            guard let line = try readLine(limits.lineLength) else { return nil }
            let digits =
                line.readableBytesView.first == UInt8(ascii: "-") ? line.readableBytesView.dropFirst() : line.readableBytesView[...]
            guard !digits.isEmpty, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
                throw ProtocolViolation("a big number that is no number")
            }
            return .bigNumber(line)
        default:
            throw ProtocolViolation("byte \(marker) where a value begins")
        }
    }

    /// The number between the marker and the line end, and the bytes of all of it. 24 bytes hold any number of 64 bits.
    private func integerLine() throws(ProtocolViolation) -> (number: Int, used: Int)? {
        enum Line { case whole(Int, used: Int), partial, malformed }
        let line = withUnsafeReadableBytes { bytes -> Line in
            var position = 1
            let number = scanDecimal(bytes, from: &position)
            guard position < bytes.count else { return position > 24 ? .malformed : .partial }
            guard let number, bytes[position] == carriageReturn else { return .malformed }
            guard position + 1 < bytes.count else { return .partial }
            return bytes[position + 1] == lineFeed ? .whole(number, used: position + 2) : .malformed
        }
        switch line {
        case .whole(let number, let used): return (number, used)
        case .partial: return nil
        case .malformed: throw ProtocolViolation("a number that is none, or beyond 64 bits")
        }
    }

    /// The bytes between the marker and the line end.
    private mutating func readLine(_ limit: Int) throws(ProtocolViolation) -> ByteBuffer? {
        guard let end = readableBytesView.firstIndex(of: lineFeed) else {
            if readableBytes > limit + 2 { throw ProtocolViolation("a line of more than \(limit) bytes") }
            return nil
        }
        let length = end - readerIndex - 2
        guard length >= 0, getInteger(at: end - 1, as: UInt8.self) == carriageReturn else {
            throw ProtocolViolation("a line that does not end in CR LF")
        }
        guard length <= limit else { throw ProtocolViolation("a line of more than \(limit) bytes") }
        let line = getSlice(at: readerIndex + 1, length: length)
        moveReaderIndex(to: end + 1)
        return line
    }
}
