import NIOCore

@testable import RESP

/// Parses a stream that comes in pieces, as a connection does.
/// - Parameter pieces: the size of the next piece, from the number of bytes that are left.
func parse(
    _ bytes: [UInt8], pieces: (Int) -> Int, limits: RESPLimits = RESPLimits()
) throws(ProtocolViolation) -> (values: [RESPValue], left: Int) {
    var parser = RESPParser(limits: limits)
    var values: [RESPValue] = []
    var unread = ByteBuffer()
    var position = 0
    while position < bytes.count {
        let end = min(bytes.count, position + max(1, pieces(bytes.count - position)))
        unread.writeBytes(bytes[position..<end])
        position = end
        while let value = try parser.next(&unread) { values.append(value) }
    }
    return (values, unread.readableBytes)
}
