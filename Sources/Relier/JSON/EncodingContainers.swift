extension CanonicalEncoder {
    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedWriting(encoder: self, serial: state.openObject(), depth: state.depth))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedWriting(encoder: self, serial: state.openArray(), depth: state.depth)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SingleWriting(encoder: self, serial: state.top.serial, depth: state.depth)
    }
}

/// The members of an object.
struct KeyedWriting<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: CanonicalEncoder
    let serial: Int
    let depth: Int

    var codingPath: [any CodingKey] { encoder.state.path(to: depth) }

    func encodeNil(forKey key: Key) throws {
        try encoder.state.encodeNil(named: key.stringValue, in: serial)
    }

    // Serves for every type that the protocol has a method for, since each of them is `Encodable`.
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try encoder.encodeMember(value, named: key.stringValue, in: serial)
    }

    func encode(_ value: Int128, forKey key: Key) throws {
        try encoder.encodeMember(value, named: key.stringValue, in: serial)
    }

    func encode(_ value: UInt128, forKey key: Key) throws {
        try encoder.encodeMember(value, named: key.stringValue, in: serial)
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type, forKey key: Key) -> KeyedEncodingContainer<NestedKey> {
        KeyedEncodingContainer(KeyedWriting<NestedKey>(attachment: nested(.object, key.stringValue)))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        UnkeyedWriting(attachment: nested(.array, key.stringValue))
    }

    func superEncoder() -> any Encoder { nested(.empty, JSONPathKey.super.stringValue) }

    func superEncoder(forKey key: Key) -> any Encoder { nested(.empty, key.stringValue) }

    private func nested(_ kind: EncodingState.Frame.Kind, _ name: String) -> CanonicalEncoder {
        encoder.nested(kind, named: name, in: serial)
    }
}

extension KeyedWriting {
    /// The members of a value with an encoder of its own.
    init(attachment: CanonicalEncoder) {
        self.init(encoder: attachment, serial: attachment.state.frames[0].serial, depth: 0)
    }
}

extension UnkeyedWriting {
    /// The elements of a value with an encoder of its own.
    init(attachment: CanonicalEncoder) {
        self.init(encoder: attachment, serial: attachment.state.frames[0].serial, depth: 0)
    }
}

/// The elements of an array.
struct UnkeyedWriting: UnkeyedEncodingContainer {
    let encoder: CanonicalEncoder
    let serial: Int
    let depth: Int

    var codingPath: [any CodingKey] { encoder.state.path(to: depth) }

    var count: Int {
        encoder.state.isOpen(serial, at: depth) ? encoder.state.frames[depth].count : 0
    }

    func encodeNil() throws {
        try encoder.state.encodeNil(named: nil, in: serial)
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        try encoder.encodeElement(value, in: serial)
    }

    func encode(_ value: Int128) throws {
        try encoder.encodeElement(value, in: serial)
    }

    func encode(_ value: UInt128) throws {
        try encoder.encodeElement(value, in: serial)
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        KeyedEncodingContainer(KeyedWriting<NestedKey>(attachment: nested(.object)))
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { UnkeyedWriting(attachment: nested(.array)) }

    func superEncoder() -> any Encoder { nested(.empty) }

    private func nested(_ kind: EncodingState.Frame.Kind) -> CanonicalEncoder { encoder.nested(kind, named: nil, in: serial) }
}

/// One value in place of the one that is being encoded.
struct SingleWriting: SingleValueEncodingContainer {
    let encoder: CanonicalEncoder
    let serial: Int
    let depth: Int

    var codingPath: [any CodingKey] { encoder.state.path(to: depth) }

    func encodeNil() throws {
        try encoder.state.checkEmpty(serial)
        encoder.state.encodeNilInPlace()
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        try encoder.state.checkEmpty(serial)
        do { try encoder.encodeInPlace(value) } catch {
            encoder.state.emptyFrame(at: depth)
            throw error
        }
        // A value without members would otherwise look as if nothing had been encoded.
        if encoder.state.top.kind == .empty { _ = encoder.state.openObject() }
    }

    func encode(_ value: Int128) throws {
        try encoder.state.checkEmpty(serial)
        try encoder.encodeInPlace(value)
    }

    func encode(_ value: UInt128) throws {
        try encoder.state.checkEmpty(serial)
        try encoder.encodeInPlace(value)
    }
}
