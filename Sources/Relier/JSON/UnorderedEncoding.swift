/// A collection whose own order differs from process to process, so that the encoder orders what it writes.
protocol UnorderedEncoding {
    func encodeOrdered(to encoder: CanonicalEncoder) throws
}

extension Set: UnorderedEncoding where Element: Encodable {
    /// In the order of the bytes of the elements.
    func encodeOrdered(to encoder: CanonicalEncoder) throws {
        try encoder.encodePieces { serial, encodePiece in
            for element in self { try encodePiece { try encoder.encodeElement(element, in: serial) } }
        }
    }
}

extension Dictionary: UnorderedEncoding where Key: Encodable, Value: Encodable {
    /// As an object where keys have names, and otherwise as keys and values in turn, in the order of the bytes of the keys.
    func encodeOrdered(to encoder: CanonicalEncoder) throws {
        if Key.self == String.self {
            let serial = encoder.state.openObject()
            // `unsafeBitCast`: the condition above found that the keys are strings.
            for (name, value) in self { try encoder.encodeMember(value, named: unsafeBitCast(name, to: String.self), in: serial) }
        } else if Key.self is any CodingKeyRepresentable.Type {
            try encode(to: encoder)
        } else {
            try encoder.encodePieces { serial, encodePiece in
                for (key, value) in self {
                    try encodePiece {
                        try encoder.encodeElement(key, in: serial)
                        try encoder.encodeElement(value, in: serial)
                    }
                }
            }
        }
    }
}

extension CanonicalEncoder {
    /// Writes an array of pieces (elements, or pairs of them), and puts the pieces into the order of their bytes.
    ///
    /// Comparing pairs compares their keys first: where the text of one key begins with that of another, both are numbers, and the comma
    /// behind the shorter one comes before every character that a number goes on with. Values decide where two keys have the same text.
    fileprivate func encodePieces(
        _ body: (_ serial: Int, _ encodePiece: (() throws -> Void) throws -> Void) throws -> Void
    ) throws {
        let serial = state.openArray()
        let start = state.text.bytes.count
        var pieces: [Range<Int>] = []
        var isSorted = true
        try body(serial) { encode in
            let before = state.text.bytes.count
            try encode()
            let piece = (pieces.isEmpty ? before : before + 1)..<state.text.bytes.count
            if isSorted, let last = pieces.last { isSorted = !state.text.bytes.precedes(piece, last) }
            pieces.append(piece)
        }
        if !isSorted { state.sort(pieces, from: start) }
    }
}
