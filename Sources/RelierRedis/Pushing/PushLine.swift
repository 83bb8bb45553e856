import DequeModule
import Relier
import Synchronization

/// Small pushes that are under way together share calls: while as many calls as the server needs to stay busy are out, those that come wait, and
/// leave as one when a call returns. A push that comes alone waits for nothing.
final class PushLine: Sendable {
    typealias Send = @Sendable ([NewTask], AdmissionPolicy?) async throws(EngineError) -> [PushOutcome]

    /// One call is at the server while the next is on its way.
    static let callsAtOnce = 2
    /// A call of a group has at most so many tasks, and their payloads together so many bytes.
    private static let groupTasks = 256
    private static let groupBytes = 256 << 10
    /// Larger pushes go by themselves: they gain nothing, and others need not wait for them.
    private static let smallTasks = 16
    private static let smallBytes = 16 << 10

    private struct Waiting {
        let tasks: [NewTask]
        let policy: AdmissionPolicy?
        let bytes: Int
        let continuation: CheckedContinuation<Result<[PushOutcome], EngineError>, Never>
    }

    private struct State {
        var calls = 0
        var waiting: Deque<Waiting> = []

        /// Those at the head that one call can take together.
        mutating func nextGroup() -> [Waiting] {
            guard let first = waiting.popFirst() else { return [] }
            var group = [first]
            var (count, bytes) = (first.tasks.count, first.bytes)
            while let next = waiting.first, next.policy == first.policy, count + next.tasks.count <= PushLine.groupTasks,
                bytes + next.bytes <= PushLine.groupBytes
            {
                group.append(waiting.removeFirst())
                count += next.tasks.count
                bytes += next.bytes
            }
            return group
        }
    }

    /// How many pushes wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    private let send: Send
    private let state = Mutex(State())

    init(send: @escaping Send) { self.send = send }

    func push(_ tasks: [NewTask], policy: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        let bytes = tasks.reduce(0) { $0 + $1.envelope.payload.count }
        // A call with a stale parent fails as a whole, and those without one must not fail with it.
        guard tasks.count <= Self.smallTasks, bytes <= Self.smallBytes, tasks.allSatisfy({ $0.parent == nil }) else {
            return try await send(tasks, policy)
        }
        let isFirst = state.withLock { state in
            guard state.calls < Self.callsAtOnce else { return false }
            state.calls += 1
            return true
        }
        if isFirst {
            defer { returned() }
            return try await send(tasks, policy)
        }
        let outcome = await withCheckedContinuation { continuation in
            let waiting = Waiting(tasks: tasks, policy: policy, bytes: bytes, continuation: continuation)
            let group = state.withLock { state -> [Waiting] in
                state.waiting.append(waiting)
                // The last call may have returned since the look before.
                guard state.calls < Self.callsAtOnce else { return [] }
                state.calls += 1
                return state.nextGroup()
            }
            if !group.isEmpty { leave(with: group) }
        }
        return try outcome.get()
    }

    /// A call has returned: those who wait go next.
    private func returned() {
        let group = state.withLock { state -> [Waiting] in
            let group = state.nextGroup()
            if group.isEmpty { state.calls -= 1 }
            return group
        }
        if !group.isEmpty { leave(with: group) }
    }

    private func leave(with group: [Waiting]) {
        // Not part of anybody's task: a caller that is cancelled must not take the others along.
        Task {
            let result: Result<[PushOutcome], EngineError>
            do throws(EngineError) {
                result = .success(try await send(group.flatMap(\.tasks), group[0].policy))
            } catch {
                result = .failure(error)
            }
            returned()
            guard case .success(let outcomes) = result else {
                for waiting in group { waiting.continuation.resume(returning: result) }
                return
            }
            var from = 0
            for waiting in group {
                waiting.continuation.resume(returning: .success(Array(outcomes[from..<from + waiting.tasks.count])))
                from += waiting.tasks.count
            }
        }
    }
}
