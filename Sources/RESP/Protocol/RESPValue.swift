package import NIOCore

/// One value of RESP3. Strings are slices of what was received: cheap to hand over, but they keep their neighbours in memory, so that what is
/// to be kept for long should be copied out.
package enum RESPValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    case double(Double)
    /// The decimal digits of an integer beyond 64 bits.
    case bigNumber(ByteBuffer)
    /// A status such as `OK`.
    case simple(ByteBuffer)
    case bulk(ByteBuffer)
    /// A text with its kind, `txt` or `mkd`.
    case verbatim(format: String, ByteBuffer)
    /// An error inside of an aggregate. One that is the whole reply is thrown instead.
    case error(RESPServerError)
    case array([RESPValue])
    case set([RESPValue])
    case map([RESPPair])
    /// Out of band: not the answer to a command.
    case push([RESPValue])
}

/// An entry of a map, in the order sent.
package struct RESPPair: Sendable, Hashable {
    package var key: RESPValue
    package var value: RESPValue

    package init(key: RESPValue, value: RESPValue) {
        self.key = key
        self.value = value
    }
}
