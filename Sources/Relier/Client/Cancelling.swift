extension Relier {
    /// Ends a task that waits or runs.
    ///
    /// When this returns the task has ended as cancelled, and everybody who waits for its value gets ``TaskCancelled``. A body that runs is cancelled
    /// within about a fifth of its worker's lease (1 s by default); whatever it returns is refused. Its idempotency key is free once the body has returned.
    /// - Parameter terminate: `false` lets the current run finish, and commit; only further runs are cancelled.
    /// - Throws: ``EngineError`` with `notFound` when the task is not known, `conflict` when it has ended otherwise, or when the engine does not answer.
    @discardableResult
    public func cancel(_ id: TaskID, terminate: Bool = true) async throws -> CancelReply {
        try await engine.cancel(id, terminate: terminate)
    }
}

extension TaskReceipt {
    /// Ends the task. See ``Relier/cancel(_:terminate:)``.
    @discardableResult
    public func cancel(terminate: Bool = true) async throws -> CancelReply {
        try await engine.cancel(id, terminate: terminate)
    }
}
