package import NIOCore

/// What a subscriber is told.
package enum RESPSubscriptionEvent: Sendable, Hashable {
    /// - `pattern`: the one that the channel matched; `nil` for a channel that was named.
    case message(channel: String, payload: ByteBuffer, pattern: String? = nil)
    /// The connection was lost and is back. What was published in between did not arrive: look after it.
    case resubscribed
    /// The consumer was too slow for its buffer: so many of the oldest messages were dropped.
    case dropped(Int)
}

/// Published messages as they come, for one consumer. Ends when it or its client is closed, or its consumer is cancelled.
///
/// It closes by itself when it is let go.
package final class RESPSubscription: AsyncSequence, Sendable {
    package typealias Element = RESPSubscriptionEvent
    package typealias Failure = Never

    private let link: Link
    private let state: SubscriptionState

    init(_ link: Link, state: SubscriptionState) {
        self.link = link
        self.state = state
        state.attach(link)
    }

    deinit { state.buffer.finish() }

    /// Listens to more channels. Returns once the server has confirmed all of them.
    package func add(_ channels: [String], patterns: [String] = []) async throws(RESPError) {
        try await perform(channels.map { .channel($0) } + patterns.map { .pattern($0) }, subscribing: true)
    }

    /// Listens to these no longer.
    package func remove(_ channels: [String], patterns: [String] = []) async throws(RESPError) {
        try await perform(channels.map { .channel($0) } + patterns.map { .pattern($0) }, subscribing: false)
    }

    package func close() async {
        await link.close()
        state.buffer.finish()
    }

    package func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let subscription: RESPSubscription

        package mutating func next() async -> RESPSubscriptionEvent? { await subscription.state.buffer.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> RESPSubscriptionEvent? {
            await subscription.state.buffer.next()
        }
    }

    /// One command a channel, so that each has one confirmation.
    private func perform(_ topics: [SubscriptionState.Topic], subscribing: Bool) async throws(RESPError) {
        let now = NIODeadline.now()
        let settings = link.settings
        let outcomes = topics.map { topic in
            let (outcome, continuation) = AsyncStream.makeStream(of: PendingCommand.Outcome.self)
            let pending = PendingCommand(
                topic.command(subscribing: subscribing), sendBy: now + settings.connectTimeout, deadline: now + settings.commandTimeout,
                isSubscription: true
            ) { [state] result in
                if case .success = result { state.confirmed(topic, subscribing: subscribing) }
                continuation.yield(result)
                continuation.finish()
            }
            link.submit(pending)
            return outcome
        }
        for outcome in outcomes {
            for await result in outcome { _ = try result.get() }
        }
        if Task.isCancelled {
            throw RESPError(.outcomeUnknown, "a subscription at \(settings.name) was cancelled", cause: CancellationError())
        }
    }
}
