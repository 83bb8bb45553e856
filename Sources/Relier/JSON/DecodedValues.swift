import Foundation

/// How a value of a type is decoded: the types that JSON has, those that Foundation's decoder treats apart, and all others.
extension JSONDocument {
    @inline(__always)
    func value<Value: Decodable>(_ type: Value.Type, at node: Int) throws -> Value {
        // `unsafeBitCast`, since `as!` costs a dynamic cast where `Value` is not known to the compiler: each is guarded by the identity
        // of the types, so it gives the value as what it is.
        if type == String.self { return unsafeBitCast(try text(node), to: Value.self) }
        if type == Int.self { return unsafeBitCast(try integer(Int.self, node), to: Value.self) }
        if type == Double.self { return unsafeBitCast(try floatingPoint(Double.self, node), to: Value.self) }
        if type == Bool.self { return unsafeBitCast(try bool(node), to: Value.self) }
        return try otherValue(type, at: node)
    }

    private func otherValue<Value: Decodable>(_ type: Value.Type, at node: Int) throws -> Value {
        if type == JSONValue.self { return unsafeBitCast(json(node), to: Value.self) }
        if type == Int64.self { return unsafeBitCast(try integer(Int64.self, node), to: Value.self) }
        if type == Int32.self { return unsafeBitCast(try integer(Int32.self, node), to: Value.self) }
        if type == Date.self {
            return unsafeBitCast(Date(timeIntervalSinceReferenceDate: try floatingPoint(Double.self, node)), to: Value.self)
        }
        if type == UUID.self { return unsafeBitCast(try uuid(node), to: Value.self) }
        if type == Data.self { return unsafeBitCast(try data(node), to: Value.self) }
        if type == URL.self { return unsafeBitCast(try url(node), to: Value.self) }
        if type == Decimal.self { return unsafeBitCast(try decimal(node), to: Value.self) }
        if type == JSONNumber.self { return unsafeBitCast(try number(node), to: Value.self) }
        if type == Float.self { return unsafeBitCast(try floatingPoint(Float.self, node), to: Value.self) }
        if type == UInt64.self { return unsafeBitCast(try integer(UInt64.self, node), to: Value.self) }
        if type == UInt.self { return unsafeBitCast(try integer(UInt.self, node), to: Value.self) }
        if type == UInt32.self { return unsafeBitCast(try integer(UInt32.self, node), to: Value.self) }
        if type == UInt16.self { return unsafeBitCast(try integer(UInt16.self, node), to: Value.self) }
        if type == UInt8.self { return unsafeBitCast(try integer(UInt8.self, node), to: Value.self) }
        if type == Int16.self { return unsafeBitCast(try integer(Int16.self, node), to: Value.self) }
        if type == Int8.self { return unsafeBitCast(try integer(Int8.self, node), to: Value.self) }
        if type == Int128.self { return unsafeBitCast(try integer(Int128.self, node), to: Value.self) }
        if type == UInt128.self { return unsafeBitCast(try integer(UInt128.self, node), to: Value.self) }
        return try Value(from: CanonicalDecoder(document: self, node: node))
    }

    // MARK: - Scalars

    private func require(_ kind: JSONNode.Kind, at node: Int, for type: any Any.Type) throws {
        if nodes[node].kind != kind { throw mismatch(type, at: node) }
    }

    private func mismatch(_ type: any Any.Type, at node: Int) -> DecodingError {
        nodes[node].kind == .null ? missing(type, at: node) : typeMismatch(type, at: node)
    }

    private func text(_ node: Int) throws -> String {
        try require(.string, at: node, for: String.self)
        return string(node)
    }

    private func bool(_ node: Int) throws -> Bool {
        switch nodes[node].kind {
        case .true: true
        case .false: false
        default: throw mismatch(Bool.self, at: node)
        }
    }

    private func uuid(_ node: Int) throws -> UUID {
        guard let uuid = UUID(uuidString: try text(node)) else {
            throw corrupted(at: node, "Attempted to decode UUID from invalid UUID string.")
        }
        return uuid
    }

    private func data(_ node: Int) throws -> Data {
        guard let data = Data(base64Encoded: try text(node)) else {
            throw corrupted(at: node, "Encountered Data is not valid Base64.")
        }
        return data
    }

    private func url(_ node: Int) throws -> URL {
        guard let url = URL(string: try text(node)) else { throw corrupted(at: node, "Invalid URL string.") }
        return url
    }

    // MARK: - Numbers

    @inline(__always)
    private func integer<Value: FixedWidthInteger>(_ type: Value.Type, _ node: Int) throws -> Value {
        if nodes[node].kind == .number, nodes[node].isPlain, let value = shortInteger(nodes[node].range), let exact = Value(exactly: value)
        {
            return exact
        }
        return try longInteger(type, node)
    }

    /// An integer of at most 18 digits.
    private func shortInteger(_ range: Range<Int>) -> Int? {
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        guard range.count <= (isNegative ? 19 : 18) else { return nil }
        var value = 0
        for byte in bytes[(range.lowerBound + (isNegative ? 1 : 0))..<range.upperBound] { value = value &* 10 &+ Int(byte &- 0x30) }
        return isNegative ? -value : value
    }

    private func longInteger<Value: FixedWidthInteger>(_ type: Value.Type, _ node: Int) throws -> Value {
        try require(.number, at: node, for: type)
        do throws(ExactNumber.Problem) { return try ExactNumber(literal(node)).integer(type) } catch {
            throw refusal(of: node, as: type, error)
        }
    }

    private func floatingPoint<Value: JSONFloatingPoint>(_ type: Value.Type, _ node: Int) throws -> Value {
        try require(.number, at: node, for: type)
        do throws(ExactNumber.Problem) { return try ExactNumber(literal(node)).floatingPoint(type, literal: literal(node)) } catch {
            throw refusal(of: node, as: type, error)
        }
    }

    private func decimal(_ node: Int) throws -> Decimal {
        try require(.number, at: node, for: Decimal.self)
        do throws(ExactNumber.Problem) { return try ExactNumber(literal(node)).decimal() } catch {
            throw refusal(of: node, as: Decimal.self, error)
        }
    }

    private func number(_ node: Int) throws -> JSONNumber {
        try require(.number, at: node, for: JSONNumber.self)
        return JSONNumber(found: String(decoding: literal(node), as: UTF8.self))
    }

    private func refusal(of node: Int, as type: any Any.Type, _ problem: ExactNumber.Problem) -> DecodingError {
        let literal = literal(node)
        var text = String(decoding: literal.prefix(60), as: UTF8.self)
        if literal.count > 60 { text += "… (\(literal.count) characters)" }
        switch problem {
        case .notWhole: return corrupted(at: node, "\(text) is not a whole number, so it does not fit in \(type).")
        case .tooLarge where type == Decimal.self:
            return corrupted(at: node, "\(text) does not fit in Decimal, which holds 38 digits and exponents from -128 to 127.")
        case .tooLarge: return corrupted(at: node, "\(text) does not fit in \(type).")
        case .inexact(let nearest):
            return corrupted(at: node, "\(text) cannot be held exactly by a \(type); the argument would be \(nearest).")
        }
    }

    // MARK: - Any JSON

    /// No deeper than the scanner lets arrays and objects nest.
    func json(_ node: Int) -> JSONValue {
        switch nodes[node].kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .number: return .number(JSONNumber(found: String(decoding: literal(node), as: UTF8.self)))
        case .string, .name: return .string(string(node))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(nodes[node].count))
            var element = node + 1
            for _ in 0..<nodes[node].count {
                elements.append(json(element))
                element = Int(nodes[element].next)
            }
            return .array(elements)
        case .object:
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(Int(nodes[node].count))
            forEachMember(of: node) { members[string($0)] = json($1) }
            return .object(members)
        }
    }
}
