/// The members of an object.
struct KeyedReading<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let document: JSONDocument
    private let node: Int
    /// The values by name, where there are too many members to look at each.
    private let index: [String: Int]?

    init(document: JSONDocument, node: Int) throws {
        switch document.nodes[node].kind {
        case .object: break
        case .null:
            throw DecodingError.valueNotFound(
                [String: Any].self, document.context(node, "Cannot get keyed decoding container -- found null value instead"))
        default: throw document.typeMismatch([String: Any].self, at: node)
        }
        self.document = document
        self.node = node
        let count = Int(document.nodes[node].count)
        if count <= 16 {
            index = nil
        } else {
            var index: [String: Int] = [:]
            index.reserveCapacity(count)
            document.forEachMember(of: node) { index[document.string($0)] = $1 }
            self.index = index
        }
    }

    var codingPath: [any CodingKey] { document.path(of: node) }

    var allKeys: [Key] {
        var keys: [Key] = []
        keys.reserveCapacity(Int(document.nodes[node].count))
        document.forEachMember(of: node) { name, _ in
            if let key = Key(stringValue: document.string(name)) { keys.append(key) }
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { document.nodes[try value(key)].kind == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try document.value(type, at: try value(key))
    }

    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try document.value(type, at: try value(key)) }

    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try document.value(type, at: try value(key)) }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? { try optional(type, key) }

    // The protocol has its own versions of these, which look for the member three times.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type, forKey key: Key) throws -> KeyedDecodingContainer<NestedKey> {
        KeyedDecodingContainer(try KeyedReading<NestedKey>(document: document, node: try value(key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try UnkeyedReading(document: document, node: try value(key))
    }

    func superDecoder() throws -> any Decoder { decoder(JSONPathKey.super) }

    func superDecoder(forKey key: Key) throws -> any Decoder { decoder(key) }

    // MARK: - Members

    private func find(_ key: some CodingKey) -> Int? {
        index.map { $0[key.stringValue] } ?? document.member(key.stringValue, of: node)
    }

    private func value(_ key: Key) throws -> Int {
        guard let value = find(key) else {
            throw DecodingError.keyNotFound(
                key, document.context(node, "No value associated with key \(key) (\"\(key.stringValue)\")."))
        }
        return value
    }

    @inline(__always)
    private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        guard let value = find(key), document.nodes[value].kind != .null else { return nil }
        return try document.value(type, at: value)
    }

    /// A missing member is null to a super decoder.
    private func decoder(_ key: some CodingKey) -> CanonicalDecoder {
        if let value = find(key) { return CanonicalDecoder(document: document, node: value) }
        return CanonicalDecoder(document: JSONDocument(nullAt: codingPath + [key]), node: 0)
    }
}

/// The elements of an array.
struct UnkeyedReading: UnkeyedDecodingContainer {
    private let document: JSONDocument
    // Narrow, so that an existential holds the container without a box.
    private let array: UInt32
    private var next: UInt32
    private(set) var currentIndex = 0

    init(document: JSONDocument, node: Int) throws {
        switch document.nodes[node].kind {
        case .array: break
        case .null:
            throw DecodingError.valueNotFound(
                [Any].self, document.context(node, "Cannot get unkeyed decoding container -- found null value instead"))
        default: throw document.typeMismatch([Any].self, at: node)
        }
        self.document = document
        array = UInt32(truncatingIfNeeded: node)
        next = array + 1
    }

    private var node: Int { Int(array) }
    private var element: Int { Int(next) }

    var codingPath: [any CodingKey] { document.path(of: node) }
    var count: Int? { Int(document.nodes[node].count) }
    var isAtEnd: Bool { currentIndex >= Int(document.nodes[node].count) }

    mutating func decodeNil() throws -> Bool {
        if isAtEnd { throw atEnd(Never.self) }
        guard document.nodes[element].kind == .null else { return false }
        advance()
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if isAtEnd { throw atEnd(type) }
        let value = try document.value(type, at: element)
        advance()
        return value
    }

    mutating func decode(_ type: Int128.Type) throws -> Int128 {
        if isAtEnd { throw atEnd(type) }
        let value = try document.value(type, at: element)
        advance()
        return value
    }

    mutating func decode(_ type: UInt128.Type) throws -> UInt128 {
        if isAtEnd { throw atEnd(type) }
        let value = try document.value(type, at: element)
        advance()
        return value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) throws -> KeyedDecodingContainer<NestedKey> {
        if isAtEnd { throw atEnd(KeyedDecodingContainer<NestedKey>.self) }
        let container = try KeyedReading<NestedKey>(document: document, node: element)
        advance()
        return KeyedDecodingContainer(container)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        if isAtEnd { throw atEnd((any UnkeyedDecodingContainer).self) }
        let container = try UnkeyedReading(document: document, node: element)
        advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        if isAtEnd { throw atEnd((any Decoder).self) }
        defer { advance() }
        return CanonicalDecoder(document: document, node: element)
    }

    private mutating func advance() {
        next = document.nodes[element].next
        currentIndex += 1
    }

    private func atEnd(_ type: any Any.Type) -> DecodingError {
        .valueNotFound(
            type,
            DecodingError.Context(
                codingPath: codingPath + [JSONPathKey(intValue: currentIndex)], debugDescription: "Unkeyed container is at end."))
    }
}
