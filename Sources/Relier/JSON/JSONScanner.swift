/// A text that is not JSON: what is wrong, and at which byte.
struct JSONSyntaxError: Error {
    let message: String
    let offset: Int
}

/// Reads a JSON text (RFC 8259, UTF-8) once, from front to back, and notes where each value is. Values are parsed when they are asked for.
///
/// The scanner keeps the open arrays and objects in an array of its own, so no text makes it recurse.
struct JSONScanner {
    private struct Open {
        let node: Int
        let isObject: Bool
        var count: UInt32 = 0
        /// The node of the last name.
        var lastName = -1
        /// Whether each name comes after the one before it, and none has escapes or characters beyond ASCII: then no two are equal.
        var isPlainlySorted = true
    }

    private let bytes: [UInt8]
    private(set) var nodes: [JSONNode] = []
    private var open: [Open] = []
    private var position = 0

    static func nodes(of bytes: [UInt8]) throws(JSONSyntaxError) -> [JSONNode] {
        guard bytes.count < Int(UInt32.max) else { throw JSONSyntaxError(message: "The text is longer than 4 GiB", offset: 0) }
        var scanner = JSONScanner(bytes: bytes)
        try scanner.scan()
        return scanner.nodes
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        nodes.reserveCapacity(8 + min(bytes.count / 16, 4096))
    }

    private mutating func scan() throws(JSONSyntaxError) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        try scanValue()
        while let innermost = open.last {
            skipSpace()
            let byte = peek()
            if byte == UInt8(ascii: ",") {
                position += 1
                skipSpace()
                if innermost.isObject { try scanName() }
                try scanValue()
            } else if byte == (innermost.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                position += 1
                try close()
            } else {
                throw unexpected(innermost.isObject ? "a comma or '}'" : "a comma or ']'")
            }
        }
        skipSpace()
        if position < bytes.count { throw unexpected("the end of the text") }
    }

    // MARK: - Values

    /// A scalar or an empty array or object; of any other array or object all up to its first scalar.
    private mutating func scanValue() throws(JSONSyntaxError) {
        while true {
            skipSpace()
            let start = position
            switch peek() {
            case UInt8(ascii: "\""): return try scanString()
            case UInt8(ascii: "{"):
                try begin(.object)
                if peek() == UInt8(ascii: "}") {
                    position += 1
                    return try close()
                }
                try scanName()
            case UInt8(ascii: "["):
                try begin(.array)
                if peek() == UInt8(ascii: "]") {
                    position += 1
                    return try close()
                }
            case UInt8(ascii: "t"): return try scanWord("true", .true)
            case UInt8(ascii: "f"): return try scanWord("false", .false)
            case UInt8(ascii: "n"): return try scanWord("null", .null)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let isInteger = try scanNumber()
                return add(JSONNode(.number, start: start, end: position, isPlain: isInteger))
            default: throw unexpected("a value")
            }
        }
    }

    private mutating func begin(_ kind: JSONNode.Kind) throws(JSONSyntaxError) {
        guard open.count < CanonicalJSON.maximumDepth else {
            throw JSONSyntaxError(
                message: "Arrays and objects are nested deeper than \(CanonicalJSON.maximumDepth)", offset: position)
        }
        let node = nodes.count
        add(JSONNode(kind, start: position, end: position, isPlain: true))
        open.append(Open(node: node, isObject: kind == .object))
        position += 1
        skipSpace()
    }

    private mutating func close() throws(JSONSyntaxError) {
        let closed = open.removeLast()
        nodes[closed.node].end = UInt32(truncatingIfNeeded: position)
        nodes[closed.node].next = UInt32(truncatingIfNeeded: nodes.count)
        nodes[closed.node].count = closed.count
        nodes[closed.node].isPlain = closed.isPlainlySorted
        if closed.isObject, !closed.isPlainlySorted { try refuseDuplicates(in: closed) }
    }

    private mutating func add(_ node: JSONNode) {
        var node = node
        // No more nodes than bytes, and those are fewer than 2^32.
        node.next = UInt32(truncatingIfNeeded: nodes.count + 1)
        if !open.isEmpty {
            let last = open.count - 1
            node.parent = UInt32(truncatingIfNeeded: open[last].node)
            node.ordinal = open[last].count
            open[last].count += 1
        }
        nodes.append(node)
    }

    private mutating func scanWord(_ word: StaticString, _ kind: JSONNode.Kind) throws(JSONSyntaxError) {
        let end = position + word.utf8CodeUnitCount
        let matches = end <= bytes.count && word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        guard matches else { throw unexpected("a value") }
        add(JSONNode(kind, start: position, end: end, isPlain: true))
        position = end
    }

    /// - Returns: whether the number has neither fraction nor exponent.
    private mutating func scanNumber() throws(JSONSyntaxError) -> Bool {
        guard let (end, isInteger) = JSONNumberSyntax.end(in: bytes, from: position) else {
            throw JSONSyntaxError(message: "This is not a number in JSON", offset: position)
        }
        position = end
        return isInteger
    }

    // MARK: - Strings

    private mutating func scanName() throws(JSONSyntaxError) {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("the name of a member, in quotation marks") }
        let (start, isPlain, isASCII) = try scanCharacters()
        let name = nodes.count
        nodes.append(JSONNode(.name, start: start, end: position - 1, isPlain: isPlain))
        nodes[name].isASCII = isASCII
        let last = open.count - 1
        if open[last].isPlainlySorted {
            var isSorted = isPlain && isASCII
            if isSorted, open[last].lastName >= 0 { isSorted = bytes.precedes(nodes[open[last].lastName].range, nodes[name].range) }
            open[last].isPlainlySorted = isSorted
        }
        open[last].lastName = name
        skipSpace()
        guard peek() == UInt8(ascii: ":") else { throw unexpected("a colon") }
        position += 1
    }

    private mutating func scanString() throws(JSONSyntaxError) {
        let (start, isPlain, isASCII) = try scanCharacters()
        var node = JSONNode(.string, start: start, end: position - 1, isPlain: isPlain)
        node.isASCII = isASCII
        add(node)
    }

    /// Up to and with the closing quotation mark.
    private mutating func scanCharacters() throws(JSONSyntaxError) -> (start: Int, isPlain: Bool, isASCII: Bool) {
        let opening = position
        var (isPlain, isASCII) = (true, true)
        position += 1
        while position < bytes.count {
            skipPlainCharacters()
            let byte = peek()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return (opening + 1, isPlain, isASCII)
            case UInt8(ascii: "\\"):
                isPlain = false
                try scanEscape()
            case 0..<0x20 where position < bytes.count:
                throw JSONSyntaxError(message: "A control character in a string needs an escape", offset: position)
            case 0x80...:
                isASCII = false
                try scanMultibyte(byte)
            default: position += 1
            }
        }
        throw JSONSyntaxError(message: "The text ends within a string", offset: opening)
    }

    /// Eight at a time, as long as none of them needs a look of its own.
    private mutating func skipPlainCharacters() {
        bytes.withUnsafeBytes { raw in
            while position + 8 <= raw.count {
                // Within the bounds that the line above compared.
                let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                guard word & 0x8080_8080_8080_8080 == 0, JSONText.isPlain(word) else { return }
                position += 8
            }
        }
    }

    private mutating func scanEscape() throws(JSONSyntaxError) {
        let start = position
        position += 2
        switch start + 1 < bytes.count ? bytes[start + 1] : 0 {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            guard let unit = JSONUnescaping.unit(in: bytes[...], at: position) else { break }
            position += 4
            if unit & 0xf800 != 0xd800 { return }
            guard unit < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u"), let low = JSONUnescaping.unit(in: bytes[...], at: position + 2),
                low & 0xfc00 == 0xdc00
            else { throw JSONSyntaxError(message: "A surrogate escape lacks its other half", offset: start) }
            position += 6
            return
        default: break
        }
        throw JSONSyntaxError(message: "JSON does not have this escape", offset: start)
    }

    /// One character of more than one byte: neither overlong, nor a surrogate, nor beyond U+10FFFF.
    private mutating func scanMultibyte(_ first: UInt8) throws(JSONSyntaxError) {
        let second = position + 1 < bytes.count ? bytes[position + 1] : 0
        let length: Int
        let allowed: ClosedRange<UInt8>
        switch first {
        case 0xc2...0xdf: (length, allowed) = (2, 0x80...0xbf)
        case 0xe0: (length, allowed) = (3, 0xa0...0xbf)
        case 0xed: (length, allowed) = (3, 0x80...0x9f)
        case 0xe1...0xef: (length, allowed) = (3, 0x80...0xbf)
        case 0xf0: (length, allowed) = (4, 0x90...0xbf)
        case 0xf1...0xf3: (length, allowed) = (4, 0x80...0xbf)
        case 0xf4: (length, allowed) = (4, 0x80...0x8f)
        default: throw notUTF8()
        }
        guard allowed.contains(second), position + length <= bytes.count else { throw notUTF8() }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xc0 != 0x80 { throw notUTF8() }
        position += length
    }

    // MARK: - Members of one name

    /// Equal as strings of Swift are: also names that differ only in how a character is composed, since no dictionary holds both.
    private func refuseDuplicates(in object: Open) throws(JSONSyntaxError) {
        var names: Set<String> = []
        names.reserveCapacity(Int(object.count))
        var name = object.node + 1
        for _ in 0..<object.count {
            let text = JSONUnescaping.string(bytes[nodes[name].range])
            guard names.insert(text).inserted else {
                throw JSONSyntaxError(message: "The object has two members named '\(text)'", offset: nodes[name].range.lowerBound - 1)
            }
            name = Int(nodes[name + 1].next)
        }
    }

    // MARK: - Bytes

    /// Zero, which begins nothing in JSON, at the end of the text.
    private func peek() -> UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private func notUTF8() -> JSONSyntaxError { JSONSyntaxError(message: "The text is not UTF-8", offset: position) }

    private func unexpected(_ expected: String) -> JSONSyntaxError {
        guard position < bytes.count else {
            return JSONSyntaxError(message: "The text ends where \(expected) was expected", offset: position)
        }
        let byte = bytes[position]
        let found = (0x21..<0x7f).contains(byte) ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16))"
        return JSONSyntaxError(message: "Found \(found) where \(expected) was expected", offset: position)
    }
}
