import DequeModule
import Synchronization

/// Events between a connection and one consumer. Bounded: the connection never waits for the consumer, so the oldest messages make room.
final class SubscriptionBuffer: Sendable {
    private struct State {
        var events: Deque<RESPSubscriptionEvent> = []
        var dropped = 0
        var isGap = false
        var isFinished = false
        var waiter: CheckedContinuation<RESPSubscriptionEvent?, Never>?

        mutating func next() -> RESPSubscriptionEvent? {
            // A gap is told first: it concerns what stands before the rest of the buffer or in it, and looking twice does no harm.
            if isGap {
                isGap = false
                return .resubscribed
            }
            if dropped > 0 {
                defer { dropped = 0 }
                return .dropped(dropped)
            }
            return events.popFirst()
        }
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    func push(_ event: RESPSubscriptionEvent) {
        let waiter = state.withLock { state -> CheckedContinuation<RESPSubscriptionEvent?, Never>? in
            if state.isFinished { return nil }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            if event == .resubscribed {
                state.isGap = true
                return nil
            }
            if state.events.count == capacity {
                state.events.removeFirst()
                state.dropped += 1
            }
            state.events.append(event)
            return nil
        }
        waiter?.resume(returning: event)
    }

    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// The next event; `nil` once it is finished and empty, or when the caller is cancelled.
    func next() async -> RESPSubscriptionEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let event: RESPSubscriptionEvent?? = state.withLock { state in
                    if let event = state.next() { return .some(event) }
                    if state.isFinished || Task.isCancelled { return .some(nil) }
                    precondition(state.waiter == nil, "a subscription has one consumer at a time")
                    state.waiter = continuation
                    return nil
                }
                if let event { continuation.resume(returning: event) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}
