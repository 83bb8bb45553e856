public import Relier

extension RedisEngine {
    public func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        if tasks.isEmpty { return [] }
        try await ready()
        return try await pushes.push(tasks, policy: admission)
    }

    public func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] {
        if ids.isEmpty { return [:] }
        try await ready()
        return try await partitions.status(of: ids)
    }

    /// How long a waiter sleeps before it looks again although nobody told it to.
    private static let patience = Duration.seconds(30)

    public func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        if ids.isEmpty { return [:] }
        try await ready()
        let clock = ContinuousClock()
        let deadline = clock.now + min(timeout, .days(365))
        let isListening = await wakeups.listen()
        while true {
            let ticket = waiters.arm(for: ids)
            defer { waiters.disarm(ticket) }
            let pause = min(deadline - clock.now, isListening ? Self.patience : .milliseconds(200))
            let found =
                isListening && pause > .zero
                ? try await partitions.watch(ids, channel: wakeups.token, pause: pause) : try await partitions.status(of: ids)
            if found.count < Set(ids).count || found.values.contains(where: \.state.isEnd) { return found }
            if pause <= .zero || Task.isCancelled { return found }
            await waiters.sleep(ticket, until: clock.now + pause)
        }
    }
}
