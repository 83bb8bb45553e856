/// What a push gives back: the task's id and the way to its result.
public struct TaskReceipt<Output: Codable & Sendable>: Sendable {
    /// The id of the task that carries out the operation; for a duplicate, of the one that was there before.
    public let id: TaskID
    /// Whether an equal operation, or this very id, was there before: nothing new was queued.
    public let isDuplicate: Bool
    let engine: any Engine

    package init(id: TaskID, isDuplicate: Bool, engine: any Engine) {
        self.id = id
        self.isDuplicate = isDuplicate
        self.engine = engine
    }

    /// Where the task is now; `nil` when it is not known, or no longer kept.
    ///
    /// Inside a body of the same engine it waits for up to a minute while the engine cannot answer, and no longer than the attempt lasts.
    /// - Throws: ``EngineError``; `CancellationError`.
    public func status() async throws -> TaskState? {
        try await waitingInsideBody("status") { try await engine.status(of: [id])[id]?.state }
    }

    /// A body does not fail because its engine is away for a moment; any other caller is told at once.
    private func waitingInsideBody<Answer>(
        _ what: String, until deadline: ContinuousClock.Instant? = nil, _ call: () async throws -> Answer
    ) async throws -> Answer {
        guard let context = TaskContext.running, context.isOn(engine) else { return try await call() }
        return try await context.waitOut(what, until: deadline, call)
    }

    /// Waits for the task to commit and gives its result.
    ///
    /// Inside a body of the same engine it waits out a failure of the engine, too, for up to a minute and within `timeout`.
    /// - Parameters:
    ///   - timeout: the longest wait; `nil` waits as long as it takes.
    ///   - insideBody: say `true` to wait inside another task's body, which holds that task's slot meanwhile.
    /// - Throws: ``TaskQuarantined``, ``TaskCancelled``, ``ResultExpired``, ``ResultTimeout``, ``AwaitInsideBody``, `CancellationError`, ``EngineError``,
    ///   or a `DecodingError` when the result is not an `Output`.
    public func value(timeout: Duration? = nil, insideBody: Bool = false) async throws -> Output {
        if TaskContext.running != nil && !insideBody { throw AwaitInsideBody(id: id) }
        let clock = ContinuousClock()
        let deadline = timeout.map { clock.now + $0 }
        while true {
            let status = try await waitingInsideBody("value", until: deadline) {
                let left = deadline.map { clock.now.duration(to: $0) } ?? .seconds(60)
                return try await engine.awaitEnd(of: [id], timeout: max(.zero, left))[id]
            }
            guard let status else { throw ResultExpired(id: id) }
            switch status.state {
            case .committed:
                guard let result = status.result else { throw ResultExpired(id: id) }
                return try CanonicalJSON.decode(Output.self, from: result)
            case .quarantined:
                throw TaskQuarantined(id: id, reason: status.reason ?? "unknown", message: status.message ?? "")
            case .cancelled:
                throw TaskCancelled(id: id)
            default:
                try Task.checkCancellation()
                if let deadline, let timeout, clock.now >= deadline { throw ResultTimeout(id: id, after: timeout) }
            }
        }
    }
}
