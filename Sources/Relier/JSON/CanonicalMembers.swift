package import Foundation

/// The members of a JSON object in canonical form, without decoding their values: a push must not pay for that.
///
/// The canonical form is what ``CanonicalJSON`` writes: no white space, sorted members, no needless escapes. Numbers keep their literals.
/// Every other valid text of an object gives the same members as its canonical form.
package struct CanonicalMembers {
    private let document: JSONDocument

    /// Stands for a member that is absent: a missing optional is the same as an explicit null.
    package static let null = Array("null".utf8)[...]

    /// `nil` when the text is not valid JSON, or not an object.
    package init?(_ json: Data) {
        guard let document = try? JSONDocument(Array(json)), document.nodes[0].kind == .object else { return nil }
        self.document = document
    }

    /// The canonical text of a member's value; `nil` when there is no such member.
    package func value(of name: String) -> ArraySlice<UInt8>? {
        guard let node = document.member(name, of: 0) else { return nil }
        var text = JSONText()
        document.write(node, to: &text)
        return text.bytes[...]
    }

    /// The canonical object of those members that are present, as if the others were not there: `{"a":1,"b":"x"}`.
    package func object(of names: [String]) -> [UInt8] {
        let chosen = Set(names)
        var text = JSONText()
        document.writeObject(0, to: &text) { chosen.contains($0) }
        return text.bytes
    }
}

extension JSONDocument {
    /// No deeper than the scanner lets arrays and objects nest.
    fileprivate func write(_ node: Int, to text: inout JSONText) {
        switch nodes[node].kind {
        case .null, .true, .false, .number: text.bytes += literal(node)
        case .string, .name: text.string(string(node))
        case .array:
            text.append(UInt8(ascii: "["))
            var element = node + 1
            for index in 0..<nodes[node].count {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                write(element, to: &text)
                element = Int(nodes[element].next)
            }
            text.append(UInt8(ascii: "]"))
        case .object: writeObject(node, to: &text) { _ in true }
        }
    }

    fileprivate func writeObject(_ node: Int, to text: inout JSONText, where isWanted: (String) -> Bool) {
        var members: [(name: String, value: Int)] = []
        forEachMember(of: node) { name, value in
            let name = string(name)
            if isWanted(name) { members.append((name, value)) }
        }
        if !nodes[node].isPlain { members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
        text.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.string(member.name)
            text.append(UInt8(ascii: ":"))
            write(member.value, to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }
}
