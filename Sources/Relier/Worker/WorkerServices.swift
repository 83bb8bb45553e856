import Foundation
import Logging

/// What a context reaches through the worker it runs in.
struct WorkerServices: TaskServices {
    let client: Relier
    let checkpoints: CheckpointStore
    let registry: TaskRegistry
    let resultMaxBytes: Int
    let ownsProcess: Bool
    let enginePatience: Duration
    var engineLocation: String? { client.engine.location }

    func loadCheckpoint(_ checkpoint: Checkpoint, of task: TaskID) throws -> Data {
        try checkpoints.load(checkpoint)
    }

    func saveCheckpoint(_ data: Data, of task: TaskID, fence: Fence) async throws -> Checkpoint {
        do {
            let checkpoint = try checkpoints.store(data, of: task, fence: fence)
            do {
                try await fenced(task) { try await client.engine.saveCheckpoint(checkpoint, of: task, fence: fence) }
            } catch {
                // The next try writes a file of its own. Where the outcome is unknown, the engine may name this one.
                if PassingFailure(in: error)?.isOutcomeUnknown != true { checkpoints.remove(checkpoint) }
                throw error
            }
            return checkpoint
        } catch let error as CheckpointTooLargeError {
            // Also when the body swallows it.
            client.settings.logger.error("\(error)", metadata: ["task": "\(task)"])
            throw error
        }
    }

    func forgetCheckpoint(_ checkpoint: Checkpoint) { checkpoints.remove(checkpoint) }

    func pushChildren<Child: RelierTask>(
        _ children: [Child], discriminator: String?, of parent: TaskContext, onSaturation: OnSaturation
    ) async throws -> [TaskReceipt<Child.Output>] {
        if children.isEmpty { return [] }
        var unique: [TaskID: Int] = [:]
        var new: [NewTask] = []
        var works: [Child] = []
        var places: [Int] = []
        for child in children {
            let payload = try CanonicalJSON.encode(child)
            let id = TaskID.child(of: parent.id, name: Child.name, payload: payload, discriminator: discriminator)
            if let place = unique[id] {
                places.append(place)
            } else {
                places.append(new.count)
                unique[id] = new.count
                works.append(child)
                new.append(try client.newTask(child, due: .now, id: id, parent: (parent.id, parent.fence)))
            }
        }
        let (tasks, distinct) = (new, works)
        let receipts = try await fenced(parent.id) {
            try await client.accept(contentsOf: tasks, of: distinct, onSaturation: onSaturation)
        }
        return places.map { receipts[$0] }
    }

    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws -> KeyAnswer {
        try await fenced(task) { try await client.engine.acquireKey(key, for: task, fence: fence) }
    }

    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws {
        try await fenced(task) {
            try await client.engine.settleKey(key, for: task, fence: fence, value: value)
        }
    }

    private func fenced<Answer>(_ task: TaskID, _ call: () async throws -> Answer) async throws -> Answer {
        do { return try await call() } catch {
            let engineError = (error as? any PushInterruption)?.cause as? EngineError ?? error as? EngineError
            if engineError?.code == .fenced { throw FencedOut(task: task) }
            throw error
        }
    }
}
