import Synchronization

/// Where commands from any thread wait for the event loop. Only the one that finds it empty has to wake the loop, so that what many tasks
/// submit meanwhile crosses over together and leaves in one flush.
final class Inbox: Sendable {
    enum Answer { case accepted, acceptedFirst, closed }

    private struct State {
        var commands: [PendingCommand] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// After ``Answer/acceptedFirst`` the event loop has to be woken.
    func submit(_ command: PendingCommand) -> Answer {
        state.withLock { state in
            if state.isClosed { return .closed }
            state.commands.append(command)
            return state.commands.count == 1 ? .acceptedFirst : .accepted
        }
    }

    /// Takes all that came. `spare`, emptied, becomes the next box, so that two arrays take turns.
    func exchange(_ spare: inout [PendingCommand]) {
        state.withLock { swap(&$0.commands, &spare) }
    }

    /// - Returns: whether it was open.
    @discardableResult func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}
