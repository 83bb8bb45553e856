import Logging
import Synchronization

/// Sends the ends of attempts to the engine, many in one call: while a call is under way the next group collects, so an idle worker adds
/// no delay and a busy one sends large groups.
final class Committer: Sendable {
    enum Work: Sendable {
        case settle(Attempt, Settlement.Outcome)
        /// The body did it itself: the engine has nothing more to hear.
        case settled(Attempt, Settlement.Outcome)
        /// A body that had outlived its attempt returned: its key can be freed.
        case bodyReturned(Attempt)
    }

    private struct State {
        var pending: [Work] = []
        var underWay: [Work] = []
        var closed = false
    }

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>.Continuation
    private let signals: AsyncStream<Void>
    private let engine: any Engine
    private let logger: Logger
    private let onReply: @Sendable (Attempt, Settlement.Outcome, SettleReply) -> Void

    /// At most so many settlements a call, so that one call stays short.
    private static let groupLimit = 1000

    init(engine: any Engine, logger: Logger, onReply: @escaping @Sendable (Attempt, Settlement.Outcome, SettleReply) -> Void) {
        self.engine = engine
        self.logger = logger
        self.onReply = onReply
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many settlements wait or are under way.
    var backlog: Int { state.withLock { $0.pending.count + $0.underWay.count } }

    func add(_ work: Work) {
        let first = state.withLock { state in
            state.pending.append(work)
            return state.pending.count == 1
        }
        if first { signal.yield() }
    }

    /// What is not answered yet, for a last call from a thread that does not depend on the cooperative pool. A settlement sent twice is carried out once.
    var unanswered: [Settlement] {
        state.withLock { $0.underWay + $0.pending }.compactMap { work in
            guard case .settle(let attempt, let outcome) = work else { return nil }
            return Settlement(task: attempt.id, fence: attempt.fence, outcome: outcome, bodyRuns: attempt.isOverdue)
        }
    }

    /// Sends what is left, then ends ``run()``.
    func close() {
        state.withLock { $0.closed = true }
        signal.yield()
    }

    /// Drops what is left, for a worker that lost its lease: the engine would refuse it all.
    func abandon() {
        state.withLock { state in
            state.pending = []
            state.closed = true
        }
        signal.yield()
    }

    func run() async {
        for await _ in signals {
            while true {
                let (group, closed) = state.withLock { state in
                    let group = Array(state.pending.prefix(Self.groupLimit))
                    state.pending.removeFirst(group.count)
                    state.underWay = group
                    return (group, state.closed)
                }
                if group.isEmpty {
                    if closed { return }
                    break
                }
                await send(group)
                state.withLock { $0.underWay = [] }
            }
        }
    }

    private func send(_ group: [Work]) async {
        for case .settled(let attempt, let outcome) in group { onReply(attempt, outcome, .done) }
        var attempts: [Attempt] = []
        var settlements: [Settlement] = []
        for case .settle(let attempt, let outcome) in group {
            attempts.append(attempt)
            settlements.append(Settlement(task: attempt.id, fence: attempt.fence, outcome: outcome, bodyRuns: attempt.isOverdue))
        }
        if !settlements.isEmpty, let replies = await insist({ [engine] in try await engine.settle(settlements) }) {
            for (index, reply) in replies.enumerated() { onReply(attempts[index], settlements[index].outcome, reply) }
        }
        for case .bodyReturned(let attempt) in group {
            _ = await insist({ [engine] in try await engine.bodyReturned(attempt.id, fence: attempt.fence) })
        }
    }

    /// Sends until an answer comes: a settlement sent twice under one fence is carried out once. `nil` when the worker gave up in between.
    private func insist<Answer>(_ call: () async throws -> Answer) async -> Answer? {
        var pause = GrowingPause()
        var outage = OutageNotice()
        while true {
            do { return try await call() } catch {
                if let code = (error as? EngineError)?.code, code == .fenced || code == .notFound { return nil }
                if outage.failed(at: .now) { logger.error("the ends of tasks were not stored, trying again until it works: \(error)") }
            }
            if state.withLock({ $0.closed && $0.pending.isEmpty }), Task.isCancelled { return nil }
            do { try await Task.sleep(for: pause.take()) } catch { return nil }
        }
    }
}
