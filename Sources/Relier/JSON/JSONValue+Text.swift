extension JSONValue {
    /// The JSON text, members sorted by the bytes of their names, numbers to the digit.
    ///
    /// - Parameter indented: in lines, as Foundation's encoder does with `prettyPrinted`; otherwise without white space.
    /// - Returns: a number that JSON cannot hold is written as null.
    package func canonicalText(indented: Bool = false) -> String {
        var text = JSONText()
        write(to: &text, indentation: indented ? 0 : nil)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// - Parameter indentation: how many levels to indent; `nil` for one line.
    private func write(to text: inout JSONText, indentation: Int?) {
        switch self {
        case .null: text.null()
        case .bool(let value): text.bool(value)
        case .number(let value): text.bytes += value.isJSON ? Array(value.literal.utf8) : Array("null".utf8)
        case .string(let value): text.string(value)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text.newLine(indentation.map { $0 + 1 })
                element.write(to: &text, indentation: indentation.map { $0 + 1 })
            }
            text.end(UInt8(ascii: "]"), isEmpty: elements.isEmpty, indentation)
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text.newLine(indentation.map { $0 + 1 })
                text.string(member.key)
                text.append(indentation == nil ? ":" : " : ")
                member.value.write(to: &text, indentation: indentation.map { $0 + 1 })
            }
            text.end(UInt8(ascii: "}"), isEmpty: members.isEmpty, indentation)
        }
    }
}

extension JSONText {
    fileprivate mutating func newLine(_ indentation: Int?) {
        guard let indentation else { return }
        append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: 2 * indentation)
    }

    /// Foundation puts an empty line between empty brackets.
    fileprivate mutating func end(_ bracket: UInt8, isEmpty: Bool, _ indentation: Int?) {
        if isEmpty, indentation != nil { append(UInt8(ascii: "\n")) }
        newLine(indentation)
        append(bracket)
    }
}
