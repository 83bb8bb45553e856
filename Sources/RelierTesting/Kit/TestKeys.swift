import Foundation
public import Relier
import Synchronization

/// Idempotency keys in memory, for bodies called as plain functions. Values do not expire by themselves: ``forget(_:)`` them.
public final class TestKeys: Sendable {
    private enum State {
        case held(TaskID)
        case completed(Data?)
    }
    private let states = Mutex<[String: State]>([:])

    public init() {}

    /// Makes a key look as if another live task held it: `withIdempotencyLock` then throws what sets a task aside.
    public func hold(_ key: String, by task: TaskID = .next()) {
        states.withLock { $0[key] = .held(task) }
    }

    /// Makes a key look as if its operation was carried out before, with this value.
    /// - Throws: `EncodingError` when the value cannot be written as JSON.
    public func complete(_ key: String, with value: some Encodable) throws {
        let data = try CanonicalJSON.encode(value)
        states.withLock { $0[key] = .completed(data) }
    }

    /// Whether the operation of a key was carried out.
    public func isCompleted(_ key: String) -> Bool {
        states.withLock { if case .completed = $0[key] { true } else { false } }
    }

    /// Frees a key, as the end of its time to live does.
    public func forget(_ key: String) {
        states.withLock { $0[key] = nil }
    }

    func acquire(_ key: String, for task: TaskID) -> KeyAnswer {
        states.withLock { states in
            switch states[key] {
            case .completed(let value): return .completed(value)
            case .held(let owner) where owner != task: return .held(by: owner)
            default:
                states[key] = .held(task)
                return .acquired
            }
        }
    }

    func settle(_ key: String, _ value: KeyValue?) {
        states.withLock { $0[key] = value.map { .completed($0.value) } }
    }
}
