import NIOCore
import Synchronization

/// What a subscription listens to, so that a new connection can be told, and how it takes in what comes.
final class SubscriptionState: Sendable {
    enum Topic: Hashable, Sendable {
        case channel(String)
        case pattern(String)

        func command(subscribing: Bool) -> RESPCommand {
            switch self {
            case .channel(let name): RESPCommand(subscribing ? "SUBSCRIBE" : "UNSUBSCRIBE", name)
            case .pattern(let name): RESPCommand(subscribing ? "PSUBSCRIBE" : "PUNSUBSCRIBE", name)
            }
        }
    }

    private struct State {
        var topics: Set<Topic> = []
        weak var link: Link?
    }

    let buffer: SubscriptionBuffer
    private let state = Mutex(State())

    init(capacity: Int) { buffer = SubscriptionBuffer(capacity: max(1, capacity)) }

    func attach(_ link: Link) { state.withLock { $0.link = link } }

    func confirmed(_ topic: Topic, subscribing: Bool) {
        state.withLock { state in
            if subscribing { state.topics.insert(topic) } else { state.topics.remove(topic) }
        }
    }

    func hooks() -> LinkSettings.Hooks {
        LinkSettings.Hooks(
            onReady: { [self] in resubscriptions() }, onPush: { [self] in received($0) }, onClosed: { [buffer] in buffer.finish() })
    }

    /// The commands that a new connection begins with. The last confirmation tells the consumer; a refusal ends the connection,
    /// for one that hears only a part is worse than none.
    private func resubscriptions() -> [PendingCommand] {
        let topics = state.withLock { $0.topics }
        let missing = Countdown(topics.count)
        return topics.map { topic in
            PendingCommand(
                topic.command(subscribing: true), sendBy: .distantFuture, deadline: .distantFuture, isSubscription: true
            ) { [self] outcome in
                switch outcome {
                case .success: if missing.arrive() { buffer.push(.resubscribed) }
                case .failure(let error) where error.code == .server: state.withLock { $0.link }?.reset(because: error)
                case .failure: break
                }
            }
        }
    }

    /// Payloads are copied out of what was received, since they may wait for long.
    private func received(_ items: [RESPValue]) {
        if items.count == 3, items[0].string == "message", let channel = items[1].string, let payload = items[2].buffer {
            buffer.push(.message(channel: channel, payload: ByteBuffer(buffer: payload)))
        } else if items.count == 4, items[0].string == "pmessage", let channel = items[2].string, let payload = items[3].buffer {
            buffer.push(.message(channel: channel, payload: ByteBuffer(buffer: payload), pattern: items[1].string))
        }
    }
}
