package import Foundation
public import Logging
import Synchronization

/// What a running body knows and can do: the task it runs, its saved progress, and pushes that a crash does not repeat.
///
/// It is handed to the body as a parameter and is ``current`` everywhere the body calls, child tasks included.
public final class TaskContext: Sendable {
    /// The task's id; the same in every attempt.
    public let id: TaskID
    /// The task's stable name.
    public let name: String
    /// The version of the payload as it was pushed.
    public let version: Int
    public let queue: Queue
    /// Which attempt this is, from 1. A crash of the worker does not count as one.
    public let attempt: Int
    /// How often a worker was lost under this task.
    public let resurrections: Int
    /// The right to write of this attempt.
    public let fence: Fence
    /// The worker's label.
    public let worker: String
    public let incarnation: Incarnation
    /// What to send to an outside service that honours idempotency keys.
    ///
    /// For a task with an idempotency key it names the operation: it stays the same over retries, resurrections, quarantine and a new push after a failure,
    /// and is new once the stored result has expired. For any other task it is the task's id.
    public var idempotencyKey: String { operation ?? id.description }
    private let operation: String?
    /// Values in memory only, shared by the body and its soft-timeout hook, gone with the process.
    public let metadata = TaskMetadata()
    /// A logger that carries the task's id, name and attempt.
    public var logger: Logger {
        // Made when a body logs, not for every body: the texts cost more than the rest of the context.
        var logger = base
        logger[metadataKey: "task"] = "\(id)"
        logger[metadataKey: "name"] = "\(name)"
        logger[metadataKey: "attempt"] = "\(attempt)"
        return logger
    }
    private let base: Logger

    private let payload: Data
    /// Brings the payload to the version of the running code.
    private let migration: (@Sendable (Data) throws -> Data)?
    package let services: any TaskServices
    private let saved: Mutex<SavedCheckpoint>
    private let onProgress: (@Sendable (TaskProgress) -> Void)?
    let bodyCommit = Mutex(BodyCommit())
    /// Whether a failure of the engine was passed on to the body.
    let engineFailed = Atomic(false)

    private enum SavedCheckpoint {
        case none
        case stored(Checkpoint)
        case loaded(Data, Checkpoint)
    }

    package init(
        task: ClaimedTask, worker: String, incarnation: Incarnation, logger: Logger, services: any TaskServices,
        migration: (@Sendable (Data) throws -> Data)? = nil, onProgress: (@Sendable (TaskProgress) -> Void)? = nil
    ) {
        id = task.envelope.id
        name = task.envelope.name
        version = task.envelope.version
        payload = task.envelope.payload
        self.migration = migration
        queue = task.queue
        attempt = task.attempt
        resurrections = task.resurrections
        fence = task.fence
        operation = task.operation
        self.worker = worker
        self.incarnation = incarnation
        self.services = services
        base = logger
        self.onProgress = onProgress
        saved = Mutex(task.checkpoint.map { .stored($0) } ?? .none)
    }

    /// The task's checkpoint as it is stored now.
    var checkpoint: Checkpoint? {
        saved.withLock { saved in
            switch saved {
            case .none: nil
            case .stored(let checkpoint), .loaded(_, let checkpoint): checkpoint
            }
        }
    }

    @TaskLocal package static var running: TaskContext?

    /// The context of the body that is running here.
    /// - Throws: ``OutsideOfBody`` anywhere else, so that a helper called in the wrong place says so.
    public static var current: TaskContext {
        get throws {
            guard let running else { throw OutsideOfBody(what: "TaskContext.current") }
            return running
        }
    }

    /// The arguments as the body has them: those that were pushed, migrated when they are of an older ``version``.
    /// - Throws: `DecodingError` when they are not those of `type`.
    public func arguments<Task: RelierTask>(as type: Task.Type) throws -> Task {
        try CanonicalJSON.decode(type, from: try migration?(payload) ?? payload)
    }

    /// The progress last saved, by this attempt or one before it; `nil` if there is none.
    /// - Throws: `DecodingError` when it was saved as another type; ``CheckpointUnreadable`` when its file is missing or damaged.
    public func partial<Value: Decodable & Sendable>(as type: Value.Type) throws -> Value? {
        let data: Data? = try saved.withLock { saved in
            switch saved {
            case .none: return nil
            case .loaded(let data, _): return data
            case .stored(let checkpoint):
                let data = try services.loadCheckpoint(checkpoint, of: id)
                saved = .loaded(data, checkpoint)
                return data
            }
        }
        return try data.map { try CanonicalJSON.decode(type, from: $0) }
    }

    /// Saves progress for the next attempt. It is durable when this returns, and goes with the task through crashes, retries, drains and the dead
    /// letter queue until the task commits.
    ///
    /// Waits while the engine is away, locked, full or refuses writes: see ``push(_:discriminator:onSaturation:)``.
    /// - Throws: ``CheckpointTooLargeError`` beyond the inline limit (256 KiB unless set); ``FencedOut`` when another worker has the task by now;
    ///   ``AlreadyCommitted`` when the body has committed its task; `CancellationError` when the attempt ended during a wait; ``EngineError`` when the
    ///   engine's failure lasted for longer than a minute, or cannot pass. A body that lets that error pass is handed back, and no attempt is counted.
    public func setPartial<Value: Encodable & Sendable>(_ value: Value) async throws {
        try requireUncommitted("setPartial")
        let data = try CanonicalJSON.encode(value)
        let checkpoint = try await waitOut("setPartial") { try await services.saveCheckpoint(data, of: id, fence: fence) }
        let before = self.checkpoint
        saved.withLock { $0 = .loaded(data, checkpoint) }
        if let before { services.forgetCheckpoint(before) }
    }

    /// Says how far the body is, for operators and for ``TaskReceipt/progress(every:)``. Costs next to nothing: the last word is passed on with the worker's next
    /// renewal, about once a second at the default lease. Not durable: a crash forgets it; for what the next attempt needs there is ``setPartial(_:)``.
    ///
    /// - Parameters:
    ///   - done: units done; zero or more.
    ///   - total: units in all, where known.
    public func progress(_ done: some BinaryInteger, of total: (some BinaryInteger)? = Int?.none) {
        onProgress?(TaskProgress(done: Int64(clamping: done), total: total.map { Int64(clamping: $0) }))
    }

    /// Pushes a child task. However often this body runs again, from the start or from a checkpoint and in whatever order, the same child is pushed once.
    ///
    /// The child's id is derived from this task's id, the child's name and arguments, and the discriminator; it is remembered until this task has ended.
    /// A child counts in the admission window as any task, and passes the bounds of the backlog: its parent would wait for itself.
    ///
    /// While the engine is away, locked by another program, full or refuses writes, the call waits and tries again, for up to a minute and never longer than
    /// the attempt lasts. An attempt whose hard timeout passes meanwhile has timed out; one that is drained, or whose worker stops, is handed over.
    /// - Parameters:
    ///   - discriminator: tells apart children that are meant to be equal.
    ///   - onSaturation: what to do when the window is full. To wait costs the body its time: a hard timeout ends it as ever.
    /// - Throws: ``FencedOut`` when another worker has this task by now; ``AlreadyCommitted`` when the body has committed its task; `CancellationError`
    ///   when the attempt ended during a wait; otherwise as ``Relier/push(_:after:at:id:onSaturation:)``. A body that lets an ``EngineError`` or
    ///   ``PushOutcomeUnknown`` pass is handed back, and no attempt is counted.
    @discardableResult
    public func push<Child: RelierTask>(
        _ child: Child, discriminator: String? = nil, onSaturation: OnSaturation = .wait
    ) async throws -> TaskReceipt<Child.Output> {
        try requireUncommitted("push")
        do {
            return try await waitOut("push") {
                try await services.pushChildren([child], discriminator: discriminator, of: self, onSaturation: onSaturation)[0]
            }
        } catch let error as PartialPushError<Child> {
            throw error.cause
        }
    }

    /// Pushes many children in one go: all are accepted or none is; under an admission limit in their order and window by window.
    /// See ``push(_:discriminator:onSaturation:)``. Equal children in one call are one child.
    /// - Throws: ``PartialPushError`` when not all were admitted or the wait for that was cut short. What is in is known when the children are pushed again.
    @discardableResult
    public func push<Child: RelierTask>(
        contentsOf children: [Child], discriminator: String? = nil, onSaturation: OnSaturation = .wait
    ) async throws -> [TaskReceipt<Child.Output>] {
        try requireUncommitted("push")
        return try await waitOut("push") {
            try await services.pushChildren(children, discriminator: discriminator, of: self, onSaturation: onSaturation)
        }
    }
}

/// What a context needs from the worker, or from a test, around it.
package protocol TaskServices: Sendable {
    func loadCheckpoint(_ checkpoint: Checkpoint, of task: TaskID) throws -> Data
    /// Durable when it returns; the checkpoint before is still there.
    func saveCheckpoint(_ data: Data, of task: TaskID, fence: Fence) async throws -> Checkpoint
    /// Called once no task names this checkpoint any more.
    func forgetCheckpoint(_ checkpoint: Checkpoint)
    func pushChildren<Child: RelierTask>(
        _ children: [Child], discriminator: String?, of parent: TaskContext, onSaturation: OnSaturation
    ) async throws -> [TaskReceipt<Child.Output>]
    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws -> KeyAnswer
    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws
    /// What an engine needs to let the body of the task of this name commit in a step of its own.
    func commitTerms(of name: String) throws -> CommitTerms
    /// How long a call of a body waits for an engine that cannot carry it out; a minute unless set.
    var enginePatience: Duration { get }
    /// The place of the engine that the body's worker is on; `nil` where there is none.
    var engineLocation: String? { get }
}

/// Thrown where a running body was expected and there is none.
public struct OutsideOfBody: Error, Sendable, CustomStringConvertible {
    let what: String
    public var description: String {
        "\(what) was used outside a running task body; call it from a body, or pass the context as a parameter (in tests: TaskContext.testing())"
    }
}

/// Another worker has the task by now: this attempt's writes are refused. Nothing was written.
public struct FencedOut: Error, Sendable, CustomStringConvertible {
    public let task: TaskID
    package init(task: TaskID) { self.task = task }
    public var description: String { "task \(task) belongs to another worker by now; this attempt's writes are refused" }
}
