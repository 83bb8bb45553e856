import Logging
import NIOCore
import RESP
import Relier
import Synchronization

/// The subscription of this process: one connection, for each partition a channel of its own and one for all. It begins with the first that waits.
final class Wakeups: Sendable {
    /// Names this process's channel, 8 letters and digits.
    let token: String
    private let client: RESPClient
    private let anchors: [String]
    private let waiters: Waiters
    private let logger: Logger

    private enum State {
        case idle
        case starting(Task<Bool, Never>)
        case listening(RESPSubscription, Task<Void, Never>)
        case closed
    }

    private let state = Mutex(State.idle)

    init(client: RESPClient, anchors: [String], waiters: Waiters, logger: Logger) {
        self.client = client
        self.anchors = anchors
        self.waiters = waiters
        self.logger = logger
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        token = String(decoding: (0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] }, as: UTF8.self)
    }

    /// How a waiter is known to the server: the channel, and its ticket in 8 bytes.
    func waiter(_ ticket: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.text(token)
        writer.bits64(ticket)
        return writer.bytes
    }

    /// Whether what is published reaches this process from now on. Where the server cannot be reached it does not, and the next call tries again.
    func listen() async -> Bool {
        let start = state.withLock { state -> Task<Bool, Never>? in
            switch state {
            case .listening: return nil
            case .starting(let task): return task
            case .closed: return Task { false }
            case .idle:
                let task = Task { await subscribe() }
                state = .starting(task)
                return task
            }
        }
        return await start?.value ?? true
    }

    private func subscribe() async -> Bool {
        // Of each partition this process's own channel, and the one for all.
        let own = Dictionary(uniqueKeysWithValues: anchors.enumerated().map { ("\($1):w:\(token)", $0) })
        let subscription: RESPSubscription
        do {
            subscription = try await client.subscribe(to: own.keys + anchors.map { "\($0):w" })
        } catch {
            logger.debug("waiting without wake-ups: \(error)")
            state.withLock { if case .starting = $0 { $0 = .idle } }
            return false
        }
        let reader = Task { [waiters] in
            for await event in subscription {
                switch event {
                case .message(let channel, let payload, _):
                    if let partition = own[channel] {
                        Self.deliver(payload, of: partition, to: waiters)
                    } else {
                        waiters.fireAll()
                    }
                // What was published meanwhile did not arrive.
                case .resubscribed, .dropped: waiters.fireAll()
                }
            }
        }
        let isClosed = state.withLock { state -> Bool in
            if case .closed = state { return true }
            state = .listening(subscription, reader)
            return false
        }
        if isClosed {
            reader.cancel()
            await subscription.close()
        }
        return !isClosed
    }

    private static func deliver(_ payload: ByteBuffer, of partition: Int, to waiters: Waiters) {
        var payload = payload
        guard let letter = payload.readInteger(as: UInt8.self) else { return }
        if letter == UInt8(ascii: "e") {
            if let id = payload.readID(TaskID.self) { waiters.fire(ended: id) }
        } else if payload.readSlice(length: 8) != nil, let ticket = payload.readInteger(as: UInt64.self) {
            waiters.fire(ticket, from: partition)
        }
    }

    func close() async {
        let before = state.withLock { state in
            defer { state = .closed }
            return state
        }
        if case .listening(let subscription, let reader) = before {
            await subscription.close()
            reader.cancel()
        }
    }
}
