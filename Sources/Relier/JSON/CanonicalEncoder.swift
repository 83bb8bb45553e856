/// Encodes one value, and what is nested in it, into one text.
///
/// Values nest strictly while calls of `encode(to:)` nest, so their text is written where it belongs. What may be written to later (nested
/// containers, super encoders) has an encoder of its own, whose text is spliced in when the value around it ends.
final class CanonicalEncoder: Encoder {
    // Without checks of exclusive access, which took an eighth of the time to encode a small value. No two accesses can overlap: an
    // encoder is used by the one thread that called `encode(to:)`, and no method of the state calls code that could reach this encoder
    // (it encodes scalars and JSON values itself, and an attachment's encoder is another one).
    @exclusivity(unchecked) var state: EncodingState
    /// The last two types that were found to have an order of their own: to ask costs more than all else for a small element.
    private var orderedTypes: (ObjectIdentifier?, ObjectIdentifier?)
    private var forwards = 0

    init(base: [any CodingKey] = [], depth: Int = 0) {
        state = EncodingState(base: base, depth: depth)
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }
    var codingPath: [any CodingKey] { state.path(to: state.depth) }

    // MARK: - The outermost value

    func encodeRoot<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        try encodeInPlace(value)
        if state.top.kind == .empty, state.failure == nil {
            throw state.error("Top-level \(Value.self) did not encode any values.", about: value)
        }
        return try finish()
    }

    /// Ends the outermost value.
    func finish() throws -> [UInt8] {
        try state.finish()
        return state.text.bytes
    }

    /// Ends the references that parents and attachments have to each other when an error left them behind.
    func releaseAttachments() { state.releaseAttachments(from: 0) }

    // MARK: - Values

    func encodeMember<Value: Encodable>(_ value: Value, named name: String, in serial: Int) throws {
        if try state.encodeMember(value, named: name, in: serial) { return }
        try encodeNested(value)
    }

    func encodeElement<Value: Encodable>(_ value: Value, in serial: Int) throws {
        if try state.encodeElement(value, in: serial) { return }
        try encodeNested(value)
    }

    /// The value of a frame that was opened for it.
    private func encodeNested<Value: Encodable>(_ value: Value) throws {
        let depth = state.depth
        do {
            try encodeContents(value)
            try state.endNested(depth: depth)
        } catch {
            // The caller may catch the error and go on.
            state.rollBack(to: depth)
            throw error
        }
    }

    /// Encodes a value into the innermost frame: as often as types forward to one another.
    func encodeInPlace<Value: Encodable>(_ value: Value) throws {
        if try state.encodeInPlace(value) { return }
        guard forwards < CanonicalJSON.maximumDepth else { throw state.tooDeep() }
        forwards += 1
        defer { forwards -= 1 }
        try encodeContents(value)
    }

    /// What `Value` itself writes, through its `encode(to:)`; sets and dictionaries in a fixed order.
    private func encodeContents<Value: Encodable>(_ value: Value) throws {
        let type = ObjectIdentifier(Value.self)
        if type == orderedTypes.0 || type == orderedTypes.1 { return try value.encode(to: self) }
        if Value.self is any UnorderedEncoding.Type, let unordered = value as? any UnorderedEncoding {
            return try unordered.encodeOrdered(to: self)
        }
        // Values of one type are all ordered or all not: neither Set nor Dictionary can be subclassed, and the encoder comes back with
        // what an optional holds.
        orderedTypes = (type, orderedTypes.0)
        try value.encode(to: self)
    }

    // MARK: - Values with an encoder of their own

    /// For a member; without a name, for an element.
    func nested(_ kind: EncodingState.Frame.Kind, named name: String?, in serial: Int) -> CanonicalEncoder {
        guard state.top.serial == serial else {
            // Takes what must not be written any more: the failure is thrown when the outermost value ends.
            state.noteMisplaced()
            return CanonicalEncoder(base: state.base)
        }
        if kind != .empty, let name, let found = state.attachment(named: name, kind) { return found }
        state.begin(name)
        let child = CanonicalEncoder(base: state.path(to: state.depth + 1), depth: state.baseDepth + state.depth + 1)
        switch kind {
        case .object: _ = child.state.openObject()
        case .array: _ = child.state.openArray()
        case .empty, .scalar: break
        }
        state.attach(child, isMember: name != nil)
        return child
    }
}
