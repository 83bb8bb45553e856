import Foundation
public import Logging
public import Relier

extension TaskContext {
    /// A context for calling a body as a plain function: no worker, no engine, everything in memory.
    ///
    /// ```swift
    /// let context = TaskContext.testing(partial: Cursor(line: 100))
    /// let summary = try await importAirports(file: "airports.csv", context: context)
    /// #expect(try context.testing.savedPartial(as: Cursor.self)?.line == 3376)
    /// ```
    ///
    /// - Parameters:
    ///   - partial: the progress that an earlier attempt saved.
    ///   - idempotencyKey: what the body sends to outside services; the id unless given.
    ///   - keys: the keys of `withIdempotencyLock`. Contexts with the same object share them, as tasks of one engine do.
    ///   - maxPartialBytes: beyond this `setPartial` throws ``CheckpointTooLargeError``, as it does in production.
    public static func testing(
        id: TaskID = .next(), name: String = "testing", queue: Queue = .default, attempt: Int = 1, resurrections: Int = 0,
        partial: (any Encodable & Sendable)? = nil, idempotencyKey: String? = nil, keys: TestKeys = TestKeys(),
        maxPartialBytes: Int = 262_144, logger: Logger = Logger(label: "relier.testing")
    ) -> TaskContext {
        testing(
            TestTask(id: id, name: name, version: 1, payload: TestTask.noArguments, queue: queue),
            attempt: attempt, resurrections: resurrections, partial: partial, idempotencyKey: idempotencyKey, keys: keys,
            maxPartialBytes: maxPartialBytes, logger: logger)
    }

    /// The context of a given task, whose arguments a soft-timeout hook can read with ``TaskContext/arguments(as:)``.
    ///
    /// ```swift
    /// let task = $importAirports(file: "airports.csv")
    /// let summary = try await task.run(.testing(of: task))
    /// ```
    /// - Throws: `EncodingError` when the task cannot be written as JSON.
    public static func testing<Work: RelierTask>(
        of task: Work, id: TaskID = .next(), attempt: Int = 1, resurrections: Int = 0, partial: (any Encodable & Sendable)? = nil,
        idempotencyKey: String? = nil, keys: TestKeys = TestKeys(), maxPartialBytes: Int = 262_144,
        logger: Logger = Logger(label: "relier.testing")
    ) throws -> TaskContext {
        let payload = try CanonicalJSON.encode(task)
        return testing(
            TestTask(id: id, name: Work.name, version: Work.options.version, payload: payload, queue: Work.options.queue),
            attempt: attempt, resurrections: resurrections, partial: partial, idempotencyKey: idempotencyKey, keys: keys,
            maxPartialBytes: maxPartialBytes, logger: logger)
    }

    private static func testing(
        _ task: TestTask, attempt: Int, resurrections: Int, partial: (any Encodable & Sendable)?, idempotencyKey: String?,
        keys: TestKeys, maxPartialBytes: Int, logger: Logger
    ) -> TaskContext {
        let record = TestRecord(keys: keys, maxPartialBytes: maxPartialBytes)
        let checkpoint = partial.map { partial in
            do { return Checkpoint.inline(try CanonicalJSON.encode(partial)) } catch {
                preconditionFailure("the partial result given to TaskContext.testing cannot be written as JSON: \(error)")
            }
        }
        let claimed = ClaimedTask(
            envelope: Envelope(
                id: task.id, name: task.name, version: task.version, payload: task.payload, enqueuedAt: EngineTime(microseconds: 0)),
            queue: task.queue, fence: Fence(number: Int64(attempt + resurrections), token: 1), attempt: attempt,
            resurrections: resurrections,
            checkpoint: checkpoint, key: nil, operation: idempotencyKey, isSuspect: false, keyTTL: .hours(1), resultTTL: .hours(1))
        return TaskContext(task: claimed, worker: "test", incarnation: .next(), logger: logger, services: record)
    }

    /// What the body did with this context.
    /// - Precondition: the context was made by ``testing(id:name:queue:attempt:resurrections:partial:idempotencyKey:keys:maxPartialBytes:logger:)``.
    public var testing: TestRecord {
        guard let record = services as? TestRecord else {
            preconditionFailure("this context is a worker's; only one made by TaskContext.testing() records what the body did")
        }
        return record
    }

    /// Runs `operation` with this context as ``TaskContext/current``, as a worker runs a body: for helpers that ask for it, and for `withIdempotencyLock`.
    ///
    /// ```swift
    /// let keys = TestKeys()
    /// let first = try await TaskContext.testing(keys: keys).asCurrent { try await processWebhook(eventID: "e1", payload: body) }
    /// ```
    public func asCurrent<Value>(_ operation: () async throws -> Value) async rethrows -> Value {
        try await TaskContext.$running.withValue(self) { try await operation() }
    }
}

/// The task that a test's context stands for.
private struct TestTask {
    static let noArguments = Data("{}".utf8)

    let id: TaskID
    let name: String
    let version: Int
    let payload: Data
    let queue: Queue
}
