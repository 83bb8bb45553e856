import NIOCore
import NIOPosix
import Synchronization

@testable import RESP

/// A server that does what no good server would. Speaks enough to let a client in, then answers as it is told.
final class FakeServer: Sendable {
    enum Answer: Sendable {
        case reply(String)
        /// Sends this and closes.
        case cut(String)
        case nothing
        case close
    }

    /// From the words of a command, and how many came before it on all connections (not counting those of the log-in).
    typealias Script = @Sendable (_ words: [String], _ number: Int) -> Answer

    private struct State {
        var commands: [[String]] = []
        var connections = 0
        var open: [any Channel] = []
    }

    private final class Record: Sendable {
        let state = Mutex(State())
    }

    private let record: Record
    private let listener: any Channel
    let port: Int

    init(port: Int = 0, greets: Bool = true, _ script: @escaping Script) async throws {
        let record = Record()
        self.record = record
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(record, greets: greets, script))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = listener.localAddress?.port ?? 0
    }

    var endpoint: RESPEndpoint { RESPEndpoint(port: port) }
    /// Each command after the log-in, its words.
    var commands: [[String]] { record.state.withLock { $0.commands } }
    var connections: Int { record.state.withLock { $0.connections } }

    /// Sends bytes on every open connection.
    func push(_ text: String) {
        for channel in record.state.withLock({ $0.open }) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    }

    func closeConnections() { for channel in record.state.withLock({ $0.open }) { channel.close(promise: nil) } }

    deinit {
        listener.close(promise: nil)
        closeConnections()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        let record: Record
        let greets: Bool
        let script: Script
        var parser = RESPParser()
        var unread = ByteBuffer()

        init(_ record: Record, greets: Bool, _ script: @escaping Script) {
            self.record = record
            self.greets = greets
            self.script = script
        }

        func channelActive(context: ChannelHandlerContext) {
            record.state.withLock {
                $0.connections += 1
                $0.open.append(context.channel)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            unread.writeBuffer(&bytes)
            while let value = try? parser.next(&unread) {
                let words = (value.elements ?? []).map { $0.string ?? "" }
                let answer: Answer
                if greets, words.first == "HELLO" {
                    answer = .reply("%1\r\n+proto\r\n:3\r\n")
                } else {
                    let number = record.state.withLock {
                        $0.commands.append(words)
                        return $0.commands.count - 1
                    }
                    answer = script(words, number)
                }
                switch answer {
                case .reply(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                case .cut(let text):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                    context.close(promise: nil)
                case .close: context.close(promise: nil)
                case .nothing: break
                }
            }
        }
    }
}
