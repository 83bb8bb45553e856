import Relier
import Synchronization

/// In which partitions the tasks live that this process has had to do with lately. A task never moves, so what is remembered stays true.
final class Homes: Sendable {
    /// Two generations of so many: the older one goes when the younger is full.
    private static let generation = 50_000

    private struct State {
        var young: [TaskID: UInt8] = [:]
        var old: [TaskID: UInt8] = [:]
    }

    private let state = Mutex(State())

    subscript(id: TaskID) -> Int? {
        state.withLock { ($0.young[id] ?? $0.old[id]).map(Int.init) }
    }

    func note(_ ids: some Sequence<TaskID>, in partition: Int) {
        state.withLock { state in
            for id in ids {
                if state.young.count >= Self.generation {
                    state.old = state.young
                    state.young = [:]
                }
                state.young[id] = UInt8(truncatingIfNeeded: partition)
            }
        }
    }
}
