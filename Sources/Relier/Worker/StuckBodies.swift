import Foundation
import Logging
import Synchronization

/// Looks after bodies that go on although their attempt has ended: counts them, gives their slots back, and says when the process should be replaced.
///
/// Everything here happens on the deadlines' thread: a body without a suspension point can take the whole cooperative pool with it.
final class StuckBodies: Sendable {
    struct Limits: Sendable {
        /// How long a body may take to return after its attempt has ended, before it counts as stuck.
        var grace: Duration
        /// More stuck bodies than this call for a new process.
        var most: Int
        /// How long the cooperative pool may leave a question unanswered while a body is overdue.
        var poolPatience = Duration.seconds(3)
    }

    enum Alarm: Sendable {
        /// More bodies are stuck than the limit allows.
        case tooMany
        /// The cooperative pool does not answer: nothing that is asynchronous happens in this process any more.
        case poolStarved
    }

    private let limits: Limits
    private let deadlines: Deadlines
    private let holdings: Holdings
    private let logger: Logger
    private let onAlarm: @Sendable (Alarm) -> Void
    private let state = Mutex(State())

    private struct State {
        var overdue: [ObjectIdentifier: Attempt] = [:]
        var isProbing = false
    }

    /// - Parameter onAlarm: called on the deadlines' thread.
    init(
        limits: Limits, deadlines: Deadlines, holdings: Holdings, logger: Logger, onAlarm: @escaping @Sendable (Alarm) -> Void
    ) {
        self.limits = limits
        self.deadlines = deadlines
        self.holdings = holdings
        self.logger = logger
        self.onAlarm = onAlarm
    }

    /// An attempt was ended over the head of its body.
    func watch(_ attempt: Attempt) {
        guard attempt.isOverdue else { return }
        deadlines.at(.now + limits.grace) { [self] in look(attempt) }
        let starts = state.withLock { state in
            state.overdue[ObjectIdentifier(attempt)] = attempt
            defer { state.isProbing = true }
            return !state.isProbing
        }
        if starts { ask() }
    }

    private func look(_ attempt: Attempt) {
        guard attempt.markStuck() else { return }
        let count = holdings.noteStuck()
        logger.error(
            "a body of '\(attempt.task.envelope.name)' goes on although it was cancelled \(limits.grace.inSeconds) s ago; its slot is given back, its result is refused",
            metadata: ["task": "\(attempt.id)", "stuck": "\(count)"])
        if count > limits.most { onAlarm(.tooMany) }
    }

    /// Asks the cooperative pool for a sign of life, again and again while a body is overdue.
    private func ask() {
        let answer = Answer()
        Task { answer.give() }
        deadlines.at(.now + limits.poolPatience) { [self] in
            let goesOn = state.withLock { state in
                state.overdue = state.overdue.filter { $0.value.isOverdue }
                state.isProbing = !state.overdue.isEmpty
                return state.isProbing
            }
            guard goesOn else { return }
            if !answer.isGiven { onAlarm(.poolStarved) }
            ask()
        }
    }

    private final class Answer: Sendable {
        private let given = Mutex(false)
        var isGiven: Bool { given.withLock { $0 } }
        func give() { given.withLock { $0 = true } }
    }
}
