/// What a reply may demand of this process. A reply beyond a limit ends its connection with a protocol violation.
package struct RESPLimits: Sendable, Hashable {
    /// Aggregates (arrays, maps, sets, attributes) inside each other. Default 32.
    package var depth = 32
    /// Bytes of one string. Default 64 MiB.
    package var bulkLength = 64 << 20
    /// Bytes of a line: simple strings, errors, numbers. Default 64 KiB.
    package var lineLength = 64 << 10
    /// Values of one reply, over all its aggregates. Default 1,048,576.
    package var elements = 1 << 20

    package init() {}
}

/// The bytes are no RESP3, or more than ``RESPLimits`` allows.
struct ProtocolViolation: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
