import Foundation
import Logging
import Relier

extension TaskContext {
    /// A context for a body that only asks who it is.
    static func named(_ name: String) -> TaskContext {
        let envelope = Envelope(id: .next(), name: name, version: 1, payload: Data("{}".utf8), enqueuedAt: EngineTime(microseconds: 0))
        let task = ClaimedTask(
            envelope: envelope, queue: .default, fence: Fence(number: 1, token: 1), attempt: 1, resurrections: 0, checkpoint: nil, key: nil,
            operation: nil, isSuspect: false, keyTTL: .hours(1), resultTTL: .hours(1))
        return TaskContext(
            task: task, worker: "test", incarnation: .next(), logger: Logger(label: "test"), services: NoServices())
    }
}

/// Services that refuse everything.
private struct NoServices: TaskServices {
    struct Absent: Error {}

    func loadCheckpoint(_ checkpoint: Checkpoint, of task: TaskID) throws -> Data { throw Absent() }
    func saveCheckpoint(_ data: Data, of task: TaskID, fence: Fence) async throws -> Checkpoint { throw Absent() }
    func forgetCheckpoint(_ checkpoint: Checkpoint) {}
    func pushChildren<Child: RelierTask>(
        _ children: [Child], discriminator: String?, of parent: TaskContext, onSaturation: OnSaturation
    ) async throws -> [TaskReceipt<Child.Output>] { throw Absent() }
    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws -> KeyAnswer { throw Absent() }
    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws { throw Absent() }
}
