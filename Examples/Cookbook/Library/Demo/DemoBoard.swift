import Relier
import Synchronization

/// How far a run has come: written by those who push, follow and kill, read by the progress line.
final class DemoBoard: Sendable {
    struct State: Sendable {
        var pushes: [DemoEvidence.Push] = []
        var isPushed = false
        /// Tasks that have not ended.
        var pending: Set<TaskID> = []
        var ended: Set<TaskID> = []
        var committed = 0
        var kills: [DemoEvidence.Kill] = []
        var rows = 0
        var phase = "starting"
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }
    var committed: Int { state.withLock { $0.committed } }
    var pending: Set<TaskID> { state.withLock { $0.pending } }
    /// Whether everything is pushed and has ended.
    var isSettled: Bool { state.withLock { $0.isPushed && $0.pending.isEmpty } }

    func enter(_ phase: String) { state.withLock { $0.phase = phase } }
    func killed(_ kill: DemoEvidence.Kill) { state.withLock { $0.kills.append(kill) } }
    func stored(rows: Int) { state.withLock { $0.rows = rows } }
    func allPushed() { state.withLock { $0.isPushed = true } }

    func pushed(_ push: DemoEvidence.Push) {
        state.withLock { state in
            state.pushes.append(push)
            if !state.ended.contains(push.task) { state.pending.insert(push.task) }
        }
    }

    func ended(_ task: TaskID, as end: TaskState) {
        state.withLock { state in
            guard state.pending.remove(task) != nil else { return }
            state.ended.insert(task)
            if end == .committed { state.committed += 1 }
        }
    }

    /// The task that charges a customer, once it is pushed.
    func task(of customer: String) -> TaskID? {
        state.withLock { $0.pushes.first { $0.customer == customer }?.task }
    }
}
