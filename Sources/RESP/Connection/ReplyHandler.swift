import NIOCore

/// Turns bytes into values for the link that owns the connection. One connection each; confined to its event loop.
final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: LinkCore
    private let attempt: Int
    private var parser: RESPParser
    private var unread: ByteBuffer?

    init(core: LinkCore, attempt: Int, limits: RESPLimits) {
        self.core = core
        self.attempt = attempt
        parser = RESPParser(limits: limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard core.isCurrent(attempt) else { return }
        core.heard()
        var bytes = unwrapInboundIn(data)
        var isOurs = false
        if var rest = unread {
            unread = nil
            rest.writeBuffer(&bytes)
            bytes = rest
            isOurs = true
        }
        let start = bytes.readerIndex
        do throws(ProtocolViolation) {
            while let value = try parser.next(&bytes) {
                core.received(value)
                // What follows belongs to a connection that is given up.
                guard core.isCurrent(attempt) else { return }
            }
        } catch {
            core.lost(
                attempt, because: RESPError(.protocolViolation, "\(core.place) sent what is no proper RESP3: \(error)", cause: error))
            return
        }
        guard bytes.readableBytes > 0 else { return }
        // A rest is copied out: values that were read share the storage it stands in, so that appending to it would copy all of that.
        // One that is ours alone, of which nothing was read, just grows.
        if isOurs && bytes.readerIndex == start {
            unread = bytes
        } else {
            var rest = context.channel.allocator.buffer(capacity: bytes.readableBytes)
            rest.writeBuffer(&bytes)
            unread = rest
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        core.lost(attempt, because: RESPError(.connectionLost, "\(core.place) closed the connection"))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { core.becameWritable(attempt) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core.lost(attempt, because: RESPError(.connectionLost, "the connection to \(core.place) broke: \(error)", cause: error))
    }
}
