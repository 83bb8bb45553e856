import Foundation

/// How a value of a type is encoded: the types that JSON has, those that Foundation's encoder treats apart, and all others.
extension EncodingState {
    /// - Returns: whether the value is complete; otherwise there is a frame for what it writes.
    mutating func encodeMember<Value: Encodable>(_ value: Value, named name: String, in serial: Int) throws -> Bool {
        try check(serial)
        let before = (text: text.bytes.count, members: members.count)
        beginMember(name)
        return try encodeValue(value, before: before)
    }

    /// - Returns: whether the value is complete; otherwise there is a frame for what it writes.
    mutating func encodeElement<Value: Encodable>(_ value: Value, in serial: Int) throws -> Bool {
        try check(serial)
        let before = (text: text.bytes.count, members: members.count)
        beginElement()
        return try encodeValue(value, before: before)
    }

    @inline(__always)
    private mutating func encodeValue<Value: Encodable>(_ value: Value, before: (text: Int, members: Int)) throws -> Bool {
        let depth = frames.count
        do {
            if try encodeLeaf(value) {
                endValue()
                return true
            }
            try push(before: before)
            return false
        } catch {
            // The caller may catch the error and go on.
            takeBack(to: before, depth: depth)
            throw error
        }
    }

    /// - Returns: whether the value is complete, in the innermost frame.
    mutating func encodeInPlace<Value: Encodable>(_ value: Value) throws -> Bool {
        // The types are the same, so the cast reads the value as what it is.
        if Value.self == JSONValue.self {
            try encodeInFrame(unsafeBitCast(value, to: JSONValue.self))
        } else {
            guard try encodeLeaf(value) else { return false }
            setKind(.scalar)
        }
        return true
    }

    mutating func encodeNil(named name: String?, in serial: Int) throws {
        try check(serial)
        begin(name)
        text.null()
        endValue()
    }

    mutating func encodeNilInPlace() {
        text.null()
        setKind(.scalar)
    }

    func checkEmpty(_ serial: Int) throws {
        try check(serial)
        if top.kind != .empty { throw error("The value was encoded already.", about: ()) }
    }

    /// Encodes a value that opens no container.
    /// - Returns: whether `Value` is such a type.
    @inline(__always)
    mutating func encodeLeaf<Value: Encodable>(_ value: Value) throws -> Bool {
        // `unsafeBitCast`, since `as!` costs a dynamic cast where `Value` is not known to the compiler: each is guarded by the identity
        // of the types, so it reads the value as what it is.
        if Value.self == String.self {
            text.string(unsafeBitCast(value, to: String.self))
        } else if Value.self == Int.self {
            text.integer(unsafeBitCast(value, to: Int.self))
        } else if Value.self == Double.self {
            try encodeFinite(unsafeBitCast(value, to: Double.self))
        } else if Value.self == Bool.self {
            text.bool(unsafeBitCast(value, to: Bool.self))
        } else {
            return try encodeOtherLeaf(value)
        }
        return true
    }

    private mutating func encodeFinite(_ value: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard value.isFinite else { throw notFinite(value) }
        text.finite(value)
    }

    private mutating func encodeOtherLeaf<Value: Encodable>(_ value: Value) throws -> Bool {
        let type = Value.self
        if type == Int64.self {
            text.integer(unsafeBitCast(value, to: Int64.self))
        } else if type == Int32.self {
            text.integer(unsafeBitCast(value, to: Int32.self))
        } else if type == UUID.self {
            text.string(unsafeBitCast(value, to: UUID.self).uuidString)
        } else if type == Date.self {
            try encodeFinite(unsafeBitCast(value, to: Date.self).timeIntervalSinceReferenceDate)
        } else if type == Data.self {
            text.string(unsafeBitCast(value, to: Data.self).base64EncodedString())
        } else if type == URL.self {
            text.string(unsafeBitCast(value, to: URL.self).absoluteString)
        } else if type == Decimal.self {
            try encode(unsafeBitCast(value, to: Decimal.self))
        } else if type == JSONValue.self {
            try encode(unsafeBitCast(value, to: JSONValue.self))
        } else if type == JSONNumber.self {
            try encode(unsafeBitCast(value, to: JSONNumber.self))
        } else if type == Float.self {
            try encodeFinite(unsafeBitCast(value, to: Float.self))
        } else {
            return encodeOtherInteger(value)
        }
        return true
    }

    private mutating func encodeOtherInteger<Value: Encodable>(_ value: Value) -> Bool {
        let type = Value.self
        if type == UInt64.self {
            text.integer(unsafeBitCast(value, to: UInt64.self))
        } else if type == UInt.self {
            text.integer(unsafeBitCast(value, to: UInt.self))
        } else if type == UInt32.self {
            text.integer(unsafeBitCast(value, to: UInt32.self))
        } else if type == UInt16.self {
            text.integer(unsafeBitCast(value, to: UInt16.self))
        } else if type == UInt8.self {
            text.integer(unsafeBitCast(value, to: UInt8.self))
        } else if type == Int16.self {
            text.integer(unsafeBitCast(value, to: Int16.self))
        } else if type == Int8.self {
            text.integer(unsafeBitCast(value, to: Int8.self))
        } else if type == Int128.self {
            text.integer(unsafeBitCast(value, to: Int128.self))
        } else if type == UInt128.self {
            text.integer(unsafeBitCast(value, to: UInt128.self))
        } else {
            return false
        }
        return true
    }

    private mutating func encode(_ value: Decimal) throws {
        guard let number = JSONNumber(value) else { throw error("Unable to encode Decimal.nan directly in JSON.", about: value) }
        try encode(number)
    }

    mutating func encode(_ number: JSONNumber) throws {
        guard number.isJSON else { throw notFinite(number.double) }
        var literal = number.literal
        literal.withUTF8 { text.bytes.append(contentsOf: $0) }
    }

    /// Into the text itself: a ``JSONValue`` needs no containers, and its numbers stay as they came.
    private mutating func encode(_ value: JSONValue) throws {
        switch value {
        case .null: text.null()
        case .bool(let value): text.bool(value)
        case .number(let value): try encode(value)
        case .string(let value): text.string(value)
        case .array, .object:
            // Whoever encodes the value takes it back when it fails.
            try push(before: (text.bytes.count, members.count))
            try encodeInFrame(value)
            try endFrame()
        }
    }

    /// As the innermost frame's own value.
    mutating func encodeInFrame(_ value: JSONValue) throws {
        switch value {
        case .array(let elements):
            guard openArray() >= 0 else { throw misplaced() }
            for element in elements {
                beginElement()
                try encode(element)
                endValue()
            }
        case .object(let members):
            guard openObject() >= 0 else { throw misplaced() }
            for (name, value) in members {
                beginMember(name)
                try encode(value)
                endValue()
            }
        default:
            try encode(value)
            setKind(.scalar)
        }
    }
}
