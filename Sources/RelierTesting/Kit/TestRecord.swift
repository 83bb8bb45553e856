package import Foundation
public import Relier
import Synchronization

/// What a body did with a context made by ``Relier/TaskContext/testing(id:name:queue:attempt:resurrections:partial:idempotencyKey:keys:maxPartialBytes:logger:)``.
public final class TestRecord: Sendable {
    private struct Child {
        let name: String
        let payload: Data
        let discriminator: String?
        let id: TaskID
    }
    private struct State {
        var partials: [Data] = []
        var children: [Child] = []
    }

    /// The keys of `withIdempotencyLock`.
    public let keys: TestKeys
    private let maxPartialBytes: Int
    private let state = Mutex(State())

    init(keys: TestKeys, maxPartialBytes: Int) {
        self.keys = keys
        self.maxPartialBytes = maxPartialBytes
    }

    /// The last progress that the body saved; `nil` if it saved none.
    /// - Throws: `DecodingError` when it was saved as another type.
    public func savedPartial<Value: Decodable>(as type: Value.Type) throws -> Value? {
        try savedPartials(as: type).last
    }

    /// All progress that the body saved, in order.
    /// - Throws: `DecodingError` when one was saved as another type.
    public func savedPartials<Value: Decodable>(as type: Value.Type) throws -> [Value] {
        try state.withLock { $0.partials }.map { try CanonicalJSON.decode(type, from: $0) }
    }

    /// The children of this type that the body pushed, in order, each once however often it was pushed.
    /// - Throws: `DecodingError` when a child's arguments do not come back from JSON.
    public func pushed<Child: RelierTask>(of type: Child.Type) throws -> [Child] {
        try state.withLock { $0.children }.filter { $0.name == type.name }.map { try CanonicalJSON.decode(type, from: $0.payload) }
    }

    /// The names of all children that the body pushed, in order.
    public var pushedNames: [String] { state.withLock { $0.children.map(\.name) } }
}

extension TestRecord: TaskServices {
    package func loadCheckpoint(_ checkpoint: Checkpoint, of task: TaskID) throws -> Data {
        switch checkpoint {
        case .inline(let data): data
        case .file(let name, _): throw EngineError(.notFound, "a test's context keeps its checkpoints in memory; it has no file '\(name)'")
        }
    }

    package func saveCheckpoint(_ data: Data, of task: TaskID, fence: Fence) async throws -> Checkpoint {
        if data.count > maxPartialBytes { throw CheckpointTooLargeError(bytes: data.count, limit: maxPartialBytes) }
        state.withLock { $0.partials.append(data) }
        return .inline(data)
    }

    package func forgetCheckpoint(_ checkpoint: Checkpoint) {}

    package func pushChildren<Work: RelierTask>(
        _ children: [Work], discriminator: String?, of parent: TaskContext, onSaturation: OnSaturation
    ) async throws -> [TaskReceipt<Work.Output>] {
        let payloads = try children.map { try CanonicalJSON.encode($0) }
        return state.withLock { state in
            payloads.map { payload in
                let known = state.children.first {
                    $0.name == Work.name && $0.payload == payload && $0.discriminator == discriminator
                }
                let child = known ?? Child(name: Work.name, payload: payload, discriminator: discriminator, id: .next())
                if known == nil { state.children.append(child) }
                return TaskReceipt(id: child.id, isDuplicate: known != nil, engine: AbsentEngine())
            }
        }
    }

    package func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws -> KeyAnswer { keys.acquire(key, for: task) }

    package func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws { keys.settle(key, value) }
}
