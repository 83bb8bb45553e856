/// A JSON text that was found valid, and where the values are in it.
final class JSONDocument {
    let bytes: [UInt8]
    let nodes: [JSONNode]
    /// The path of the outermost value.
    private let base: [any CodingKey]

    init(_ bytes: [UInt8]) throws {
        do { nodes = try JSONScanner.nodes(of: bytes) } catch { throw error.decodingError(in: bytes) }
        self.bytes = bytes
        base = []
    }

    /// The null that stands for a value that is missing.
    init(nullAt path: [any CodingKey]) {
        bytes = Array("null".utf8)
        nodes = [JSONNode(.null, start: 0, end: 4, isPlain: true)]
        base = path
    }

    /// The nodes of the elements of an array.
    func elements(of array: Int) -> [Int] {
        var element = array + 1
        return (0..<nodes[array].count).map { _ in
            defer { element = Int(nodes[element].next) }
            return element
        }
    }

    /// Calls the body with the nodes of each name and value of an object.
    @inline(__always)
    func forEachMember(of object: Int, _ body: (_ name: Int, _ value: Int) throws -> Void) rethrows {
        var name = object + 1
        for _ in 0..<nodes[object].count {
            try body(name, name + 1)
            name = Int(nodes[name + 1].next)
        }
    }

    /// The characters of a string or name.
    func string(_ node: Int) -> String {
        let text = bytes[nodes[node].range]
        return nodes[node].isPlain ? String(decoding: text, as: UTF8.self) : JSONUnescaping.string(text)
    }

    func literal(_ node: Int) -> ArraySlice<UInt8> { bytes[nodes[node].range] }

    // MARK: - Members

    /// The value of that member; `nil` when the object does not have it.
    func member(_ name: String, of object: Int) -> Int? {
        var text = name
        return text.withUTF8 { utf8 in
            var position = object + 1
            for _ in 0..<nodes[object].count {
                if isName(position, utf8, name) { return position + 1 }
                position = Int(nodes[position + 1].next)
            }
            return nil
        }
    }

    @inline(__always)
    private func isName(_ node: Int, _ utf8: UnsafeBufferPointer<UInt8>, _ name: String) -> Bool {
        let written = nodes[node]
        // Equal as strings may differ in their bytes: by escapes, and by how a character is composed.
        if !written.isPlain || !written.isASCII { return string(node) == name }
        let range = written.range
        guard range.count == utf8.count else { return false }
        for offset in 0..<utf8.count where bytes[range.lowerBound + offset] != utf8[offset] { return false }
        return true
    }

    // MARK: - Paths and errors

    /// Where a value is.
    func path(of node: Int) -> [any CodingKey] {
        var steps: [any CodingKey] = []
        var node = node
        while node > 0 {
            let parent = Int(nodes[node].parent)
            let isMember = nodes[parent].kind == .object
            steps.append(isMember ? JSONPathKey(stringValue: string(node - 1)) : JSONPathKey(intValue: Int(nodes[node].ordinal)))
            node = parent
        }
        return base + steps.reversed()
    }

    func typeMismatch(_ expected: any Any.Type, at node: Int) -> DecodingError {
        .typeMismatch(expected, context(node, "Expected to decode \(expected) but found \(nodes[node].description) instead."))
    }

    func corrupted(at node: Int, _ message: String) -> DecodingError { .dataCorrupted(context(node, message)) }

    func missing(_ expected: any Any.Type, at node: Int) -> DecodingError {
        .valueNotFound(expected, context(node, "Cannot get value of type \(expected) -- found null value instead"))
    }

    func context(_ node: Int, _ message: String) -> DecodingError.Context {
        DecodingError.Context(codingPath: path(of: node), debugDescription: message)
    }
}

extension JSONSyntaxError {
    func decodingError(in bytes: [UInt8]) -> DecodingError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
        return .dataCorrupted(
            DecodingError.Context(
                codingPath: [], debugDescription: "\(message), at byte \(offset) (line \(line), column \(column))."))
    }
}
