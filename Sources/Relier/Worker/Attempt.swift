import Dispatch
import Synchronization

/// One run of one body, ended exactly once: by the body itself, by its hard timeout, by a drain, or by the loss of the task.
final class Attempt: Sendable {
    enum Ending: Sendable {
        /// The body returned or threw.
        case body
        /// The hard timeout passed.
        case timeout
        /// A drain gives it back.
        case handOver
        /// The task is not this attempt's any more: another worker has it, or it was cancelled.
        case lost
    }

    private struct State {
        var ending: Ending?
        var bodyRuns = true
        var isStuck = false
        var cancelled = false
        var draining = false
        var cancel: (@Sendable () -> Void)?
        var onEnd: (@Sendable () -> Void)?
        var softHook: (@Sendable () -> Task<Void, Never>)?
        var hook: Task<Void, Never>?
        var progress: TaskProgress?
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
    var isOverdue: Bool { state.withLock { $0.bodyRuns && $0.ending != nil } }

    /// Whether nobody has ended the attempt.
    var isOpen: Bool { state.withLock { $0.ending == nil } }

    /// Whether a drain asked the body to stop, so that an error from it says nothing about the task.
    var isDraining: Bool { state.withLock { $0.draining } }

    /// Counts the body as stuck, if it still runs although the attempt has ended. `true` the first time.
    func markStuck() -> Bool {
        state.withLock { state in
            guard state.bodyRuns, state.ending != nil, !state.isStuck else { return false }
            state.isStuck = true
            return true
        }
    }

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
        // Cancellation handlers are the user's code and may block: not on the caller's thread, which may be the one that keeps the lease.
        if let cancel { DispatchQueue.global(qos: .userInitiated).async(execute: cancel) }
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
        let (won, after) = state.withLock { state in
            if state.ending != nil { return (false, AfterEnd()) }
            state.ending = ending
            settle()
            return (true, Self.leave(&state))
        }
        after.run()
        return won
    }

    /// The body has returned. Answers how the attempt had ended before, `nil` when the body ends it now, and whether the body had been counted as stuck.
    func bodyReturned() -> (ending: Ending?, wasStuck: Bool) {
        let (earlier, wasStuck, after) = state.withLock { state in
            state.bodyRuns = false
            state.cancel = nil
            if let ending = state.ending { return (Optional(ending), state.isStuck, AfterEnd()) }
            state.ending = .body
            return (nil, false, Self.leave(&state))
        }
        after.run()
        return (earlier, wasStuck)
    }

    // MARK: Hook and progress

    /// Says how to start the soft-timeout hook, which is done at most once.
    func onSoftTimeout(_ hook: @escaping @Sendable () -> Task<Void, Never>) {
        state.withLock { state in
            if state.ending == nil { state.softHook = hook }
        }
    }

    /// Starts the soft-timeout hook unless it was started before or the attempt has ended. Answers the hook that runs, if one was ever started.
    @discardableResult
    func startSoftHook() -> Task<Void, Never>? {
        state.withLock { state in
            if let hook = state.softHook, state.ending == nil {
                state.softHook = nil
                state.hook = hook()
            }
            return state.hook
        }
    }

    /// What the body told last and was not passed on yet.
    func takeProgress() -> TaskProgress? {
        state.withLock { state in
            defer { state.progress = nil }
            return state.progress
        }
    }

    /// Gives back what could not be passed on, unless the body told something newer.
    func returnProgress(_ progress: TaskProgress) {
        state.withLock { state in
            if state.progress == nil { state.progress = progress }
        }
    }

    func tell(_ progress: TaskProgress) { state.withLock { $0.progress = progress } }

    /// What is to be done, outside the lock, when an attempt has ended.
    private struct AfterEnd {
        var action: (@Sendable () -> Void)?
        var hook: Task<Void, Never>?

        func run() {
            action?()
            // Its cancellation handlers are the user's code, too.
            if let hook { DispatchQueue.global(qos: .userInitiated).async { hook.cancel() } }
        }
    }

    private static func leave(_ state: inout State) -> AfterEnd {
        defer {
            state.onEnd = nil
            state.softHook = nil
        }
        return AfterEnd(action: state.onEnd, hook: state.hook)
    }
}
