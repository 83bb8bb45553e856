import Dispatch
import Foundation
import Synchronization

/// Does things at their time on a thread of its own, which no body can starve. The thread starts with the first of them.
///
/// An action must not block: those behind it would be late.
final class Deadlines: Sendable {
    typealias Action = @Sendable () -> Void
    typealias Ticket = TimerWheel<Action>.Ticket

    private struct State {
        var wheel = TimerWheel<Action>(origin: .now)
        var started = false
        var stopped = false
        /// Until when the thread sleeps; `nil` while it does not, or sleeps without an end.
        var sleepsUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Has `action` done at `time`, or as soon as possible after it. Not done when ``stop()`` comes first.
    @discardableResult
    func at(_ time: ContinuousClock.Instant, _ action: @escaping Action) -> Ticket {
        let (ticket, nudge) = state.withLock { state in
            let ticket = state.wheel.add(action, at: time, now: .now)
            if !state.started && !state.stopped {
                // Where this fails, the next one tries again: whoever depends on it has called `begin()`.
                try? start(&state)
                return (ticket, false)
            }
            return (ticket, state.sleepsUntil.map { time < $0 } ?? true)
        }
        if nudge { wake.signal() }
        return ticket
    }

    /// Starts the thread at once, for who cannot do without.
    /// - Throws: ``POSIXFailure`` when the system gives none.
    func begin() throws(POSIXFailure) {
        try state.withLock { state throws(POSIXFailure) in
            if !state.started && !state.stopped { try start(&state) }
        }
    }

    func cancel(_ ticket: Ticket) { state.withLock { $0.wheel.remove(ticket) } }

    func stop() {
        state.withLock { state in
            state.stopped = true
            // What waits may hold on to who made it.
            state.wheel = TimerWheel(origin: .now)
        }
        wake.signal()
    }

    private func start(_ state: inout State) throws(POSIXFailure) {
        try POSIXThread.start("relier-deadlines") { [self] in serve() }
        state.started = true
    }

    private func serve() {
        while true {
            let (due, next, stopped) = state.withLock { state in
                let due = state.stopped ? [] : state.wheel.due(at: .now)
                let next = state.wheel.next
                state.sleepsUntil = due.isEmpty ? next : nil
                return (due, next, state.stopped)
            }
            if stopped { return }
            for action in due { action() }
            guard due.isEmpty else { continue }
            if let next {
                _ = wake.wait(timeout: .now() + max(0, ContinuousClock.now.duration(to: next).inSeconds))
            } else {
                wake.wait()
            }
        }
    }
}
