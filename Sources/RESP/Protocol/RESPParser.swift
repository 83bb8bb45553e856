import NIOCore

/// Reads RESP3 as it comes in, in pieces of any size.
///
/// Aggregates that are still open are kept on a stack of their own rather than the call stack, so that a reply that needs many reads is read
/// only once, and that depth costs no recursion. Nothing is reserved on the word of the other side beyond what it has sent.
/// After it has thrown, a parser cannot go on: the place of the next value is unknown.
struct RESPParser {
    let limits: RESPLimits
    private var open: [Aggregate] = []
    private var elements = 0

    init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    private struct Aggregate {
        enum Kind { case array, set, map, push, attribute }
        let kind: Kind
        var missing: Int
        var values: [RESPValue]
    }

    private enum Token {
        case value(RESPValue)
        case opening(Aggregate.Kind, count: Int)
    }

    /// The next whole value, read off the front of `buffer`; `nil` when more bytes are needed. What is left in `buffer` then is to be given
    /// again with what follows it.
    mutating func next(_ buffer: inout ByteBuffer) throws(ProtocolViolation) -> RESPValue? {
        while let token = try token(&buffer) {
            elements += 1
            guard elements <= limits.elements else {
                throw ProtocolViolation("a reply has more than \(limits.elements) values")
            }
            switch token {
            case .opening(let kind, let count) where count > 0:
                try push(kind, count: count, available: buffer.readableBytes)
            case .opening(let kind, _):
                if kind == .attribute { continue }
                if let whole = close(value(of: kind, [])) { return whole }
            case .value(let value):
                if let whole = close(value) { return whole }
            }
        }
        return nil
    }

    private mutating func push(_ kind: Aggregate.Kind, count: Int, available: Int) throws(ProtocolViolation) {
        guard open.count < limits.depth else { throw ProtocolViolation("a reply is nested deeper than \(limits.depth)") }
        guard count <= limits.elements else { throw ProtocolViolation("a reply announces \(count) values, more than \(limits.elements)") }
        if kind == .push, !open.isEmpty { throw ProtocolViolation("a push inside of another value") }
        var values: [RESPValue] = []
        // No value is shorter than `_\r\n`.
        values.reserveCapacity(min(count, available / 3 + 1))
        open.append(Aggregate(kind: kind, missing: count, values: values))
    }

    /// Puts a value where it belongs and closes what it completes; gives back the whole reply when that was its last part.
    private mutating func close(_ value: RESPValue) -> RESPValue? {
        var value = value
        while let last = open.indices.last {
            open[last].values.append(value)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return nil }
            let done = open.removeLast()
            // Attributes stand before the value that they describe and count for nothing.
            if done.kind == .attribute { return nil }
            value = self.value(of: done.kind, done.values)
        }
        elements = 0
        return value
    }

    private func value(of kind: Aggregate.Kind, _ values: [RESPValue]) -> RESPValue {
        switch kind {
        case .array: .array(values)
        case .set: .set(values)
        case .push: .push(values)
        case .map, .attribute: .map(stride(from: 0, to: values.count - 1, by: 2).map { RESPPair(key: values[$0], value: values[$0 + 1]) })
        }
    }

    private func token(_ buffer: inout ByteBuffer) throws(ProtocolViolation) -> Token? {
        guard let marker = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        switch marker {
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return try buffer.readBlob(marker, limits: limits).map(Token.value)
        case UInt8(ascii: "*"):
            guard let count = try buffer.readLength() else { return nil }
            return count < 0 ? .value(.null) : .opening(.array, count: count)
        case UInt8(ascii: "%"):
            return try count(&buffer, of: marker).map { .opening(.map, count: $0) }
        case UInt8(ascii: "~"):
            return try count(&buffer, of: marker).map { .opening(.set, count: $0) }
        case UInt8(ascii: ">"):
            return try count(&buffer, of: marker).map { .opening(.push, count: $0) }
        case UInt8(ascii: "|"):
            return try count(&buffer, of: marker).map { .opening(.attribute, count: $0) }
        default:
            return try buffer.readScalar(marker, limits: limits).map(Token.value)
        }
    }

    /// The number of values that an aggregate holds, two for each entry of a map.
    private func count(_ buffer: inout ByteBuffer, of marker: UInt8) throws(ProtocolViolation) -> Int? {
        guard let count = try buffer.readLength() else { return nil }
        let paired = marker == UInt8(ascii: "%") || marker == UInt8(ascii: "|")
        guard count >= 0, count <= limits.elements else {
            throw ProtocolViolation("a reply announces \(count) values; from 0 to \(limits.elements) are allowed")
        }
        return paired ? count * 2 : count
    }
}
