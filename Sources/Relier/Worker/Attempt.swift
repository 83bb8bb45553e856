import Synchronization

/// One run of one body, ended exactly once: by the body itself, by its hard timeout, by a drain, or by the loss of the lease.
final class Attempt: Sendable {
    enum Ending: Sendable {
        /// The body returned or threw.
        case body
        /// The hard timeout passed.
        case timeout
        /// A drain gives it back.
        case handOver
        /// The task is somebody else's by now.
        case lost
    }

    private struct State {
        var ending: Ending?
        var bodyRuns = true
        var cancelled = false
        var draining = false
        var cancel: (@Sendable () -> Void)?
        var onEnd: (@Sendable () -> Void)?
    }

    let task: ClaimedTask
    private let state = Mutex(State())
    private let lastCheckpoint: Mutex<Checkpoint?>

    init(task: ClaimedTask) {
        self.task = task
        lastCheckpoint = Mutex(task.checkpoint)
    }

    /// The task's checkpoint as the body left it.
    var checkpoint: Checkpoint? {
        get { lastCheckpoint.withLock { $0 } }
        set { lastCheckpoint.withLock { $0 = newValue } }
    }

    var id: TaskID { task.envelope.id }
    var fence: Fence { task.fence }

    /// Whether the body still runs although the attempt has ended.
    var isStuck: Bool { state.withLock { $0.bodyRuns && $0.ending != nil } }

    /// Whether nobody has ended the attempt.
    var isOpen: Bool { state.withLock { $0.ending == nil } }

    /// Whether a drain asked the body to stop, so that an error from it says nothing about the task.
    var isDraining: Bool { state.withLock { $0.draining } }

    /// Says how to cancel the body; done at once if it was asked for before.
    func onCancel(_ cancel: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if state.bodyRuns { state.cancel = cancel }
            return state.cancelled
        }
        if now { cancel() }
    }

    /// Cancels the body's Swift task. It may not obey.
    func cancel(draining: Bool = false) {
        let cancel = state.withLock { state in
            state.cancelled = true
            state.draining = state.draining || draining
            return state.cancel
        }
        cancel?()
    }

    /// Says what to do when the attempt ends; done at once if it has.
    func onEnd(_ action: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if state.ending == nil { state.onEnd = action }
            return state.ending != nil
        }
        if now { action() }
    }

    /// Ends the attempt unless it has ended. The winner settles it.
    /// - Parameter settle: done by the winner before anybody, the returning body among them, can see the end. Must not touch the attempt.
    func end(_ ending: Ending, settle: () -> Void = {}) -> Bool {
        let (won, action) = state.withLock { state in
            if state.ending != nil { return (false, nil as (@Sendable () -> Void)?) }
            state.ending = ending
            settle()
            defer { state.onEnd = nil }
            return (true, state.onEnd)
        }
        action?()
        return won
    }

    /// The body has returned. Answers how the attempt had ended before; `nil` when the body ends it now.
    func bodyReturned() -> Ending? {
        let (earlier, action) = state.withLock { state in
            state.bodyRuns = false
            state.cancel = nil
            if let ending = state.ending { return (Optional(ending), nil as (@Sendable () -> Void)?) }
            state.ending = .body
            defer { state.onEnd = nil }
            return (nil, state.onEnd)
        }
        action?()
        return earlier
    }
}
