extension TaskReceipt {
    /// What the task's body tells of its progress, as it changes, until the task has ended.
    ///
    /// ```swift
    /// for try await progress in receipt.progress() { print(progress.done, "of", progress.total ?? 0) }
    /// ```
    ///
    /// A body's word arrives with its worker's next renewal, about once a second at the default lease; what was told in between is not seen.
    /// - Parameter interval: the pause between two looks; 50 ms or more.
    public func progress(every interval: Duration = .milliseconds(500)) -> TaskProgressUpdates {
        TaskProgressUpdates(id: id, engine: engine, interval: max(.milliseconds(50), interval))
    }
}

/// The progress of one task, as it changes. Ends when the task has ended, or is not known. Iterating throws ``EngineError``, and `CancellationError`.
public struct TaskProgressUpdates: AsyncSequence, Sendable {
    public typealias Element = TaskProgress
    let id: TaskID
    let engine: any Engine
    let interval: Duration

    public func makeAsyncIterator() -> Iterator { Iterator(id: id, engine: engine, interval: interval) }

    public struct Iterator: AsyncIteratorProtocol {
        let id: TaskID
        let engine: any Engine
        let interval: Duration
        private var last: TaskProgress?

        init(id: TaskID, engine: any Engine, interval: Duration) {
            self.id = id
            self.engine = engine
            self.interval = interval
        }

        public mutating func next() async throws -> TaskProgress? {
            var status = try await engine.status(of: [id])[id]
            while true {
                guard let found = status, !found.state.isEnd else { return nil }
                if let progress = found.progress, progress != last {
                    last = progress
                    return progress
                }
                try Task.checkCancellation()
                // Returns early when the task ends.
                status = try await engine.awaitEnd(of: [id], timeout: interval)[id]
            }
        }
    }
}
