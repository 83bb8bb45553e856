/// Decodes one value of a JSON text.
struct CanonicalDecoder: Decoder, SingleValueDecodingContainer {
    let document: JSONDocument
    let node: Int

    var codingPath: [any CodingKey] { document.path(of: node) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try KeyedReading<Key>(document: document, node: node))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try UnkeyedReading(document: document, node: node) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { document.nodes[node].kind == .null }

    // Serves for every type that the protocol has a method for, since each of them is `Decodable`.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try document.value(type, at: node) }

    func decode(_ type: Int128.Type) throws -> Int128 { try document.value(type, at: node) }

    func decode(_ type: UInt128.Type) throws -> UInt128 { try document.value(type, at: node) }
}
