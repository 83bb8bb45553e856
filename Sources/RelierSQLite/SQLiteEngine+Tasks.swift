public import Relier

extension SQLiteEngine {
    // Clients

    public func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        if tasks.isEmpty { return [] }
        return try await writer.perform(weight: tasks.count) { try $0.push(tasks, admission: admission) }
    }

    public func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] {
        let now = clock.now
        return try await read { try $0.status(of: ids, now: now) }
    }

    public func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        if ids.isEmpty { return [:] }
        let deadline = ContinuousClock.now + min(timeout, .days(365))
        let token = hub.armEnd(of: ids, deadline: deadline)
        let isOpen = bell.publish(deadline: deadline)
        defer {
            hub.disarm(token)
            bell.publish()
        }
        let found = try await status(of: ids)
        if found.count < Set(ids).count || found.values.contains(where: \.state.isEnd) { return found }
        if isOpen {
            await withTaskCancellationHandler {
                await hub.sleep(token)
            } onCancel: {
                hub.fire(token)
            }
        } else {
            // Nobody wakes this waiter; whoever asks again and again must not spin.
            try? await Task.sleep(for: min(timeout, Self.unattendedPause))
        }
        return try await status(of: ids)
    }

    // Workers

    public func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] {
        try await writer.perform(weight: request.limit) { try $0.claim(request) }
    }

    /// How long a wait takes that nobody would end.
    private static let unattendedPause = Duration.milliseconds(200)

    public func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {
        let deadline = ContinuousClock.now + min(timeout, .days(365))
        do {
            let bits = try await read { try $0.bits(of: queues) }
            let token = hub.armWork(incarnation, queues: bits, deadline: deadline)
            let isOpen = bell.publish(deadline: deadline)
            defer {
                hub.disarm(token)
                bell.publish()
            }
            // A push that was committed before the flag was up has rung for nobody here.
            let (profiles, clock) = (profiles, clock)
            let outlook = try await read { try $0.outlook(for: incarnation, queues: bits, profiles: profiles, clock: clock) }
            if !isOpen {
                try? await Task.sleep(for: min(timeout, Self.unattendedPause))
                return
            }
            switch outlook {
            case .now: return
            case .nothing: break
            case .later(let pause):
                let due = ContinuousClock.now + pause
                hub.expectWork(token, at: due)
                bell.publish(deadline: due)
            }
            await withTaskCancellationHandler {
                await hub.sleep(token)
            } onCancel: {
                hub.fire(token)
            }
        } catch {
            // The database does not answer: the claim that follows says so. Until then, do not spin.
            try? await Task.sleep(for: min(timeout, Self.unattendedPause))
        }
    }

    public func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        return try await writer.perform(weight: settlements.count) { try $0.settle(settlements) }
    }

    public func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        try await writer.perform { try $0.saveCheckpoint(checkpoint, of: task, fence: fence) }
    }

    public func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        try await writer.perform { try $0.acquireKey(key, for: task, fence: fence) }
    }

    public func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        try await writer.perform { try $0.settleKey(key, for: task, fence: fence, value: value) }
    }

    public func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        try await writer.perform { try $0.bodyReturned(task, fence: fence) }
    }

    // Recovery

    public func leases() async throws(EngineError) -> [LeaseSighting] {
        let joined = try await read { db in
            try db.rows("SELECT uuid, lease FROM worker JOIN incarnation USING (number) ORDER BY number") {
                ($0.id(0, as: Incarnation.self), $0.int(1))
            }
        }
        return joined.map { incarnation, lease in
            let state = leaseBook.state(of: incarnation)
            return LeaseSighting(
                incarnation: incarnation, counter: state.counter, lease: .microseconds(lease), holderGone: state.holder == .gone)
        }
    }

    public func release(
        _ target: ReleaseTarget, death: Death, limits: ReleaseLimits
    ) async throws(EngineError) -> ReleaseReport {
        try await writer.perform(weight: limits.batch) { try $0.release(target, death: death, limits: limits) }
    }

    public func attachCrashReport(_ report: CrashReport) async throws(EngineError) {
        try await writer.perform { try $0.attach(report) }
    }

    public func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        try await sweepFiles()
        let (clock, retention) = (clock, options.retention)
        let chores = try await read { try $0.chores(clock: clock, retention: retention, unregisteredAfter: unregisteredAfter) }
        guard chores.anyDue else {
            var report = TendReport()
            report.nextDue = chores.nextDue
            return report
        }
        return try await writer.perform(weight: batch) { try $0.tend(batch: max(1, batch), unregisteredAfter: unregisteredAfter) }
    }

    // Operators

    public func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> { try await read { try $0.tasks(query) } }

    public func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails? {
        let now = clock.now
        return try await read { try $0.inspect(id, now: now) }
    }

    public func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> {
        try await read { try $0.deadLetters(query) }
    }

    public func deadLetterReasons() async throws(EngineError) -> [String: Int] { try await read { try $0.deadLetterReasons() } }

    public func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) {
        try await writer.perform { try $0.releaseDeadLetter(id, fresh: fresh) }
    }

    public func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        try await writer.perform { try $0.cancel(id, terminate: terminate) }
    }

    public func workers() async throws(EngineError) -> [WorkerSummary] {
        var workers = try await read { try $0.workers() }
        for index in workers.indices { workers[index].stuck = leaseBook.state(of: workers[index].info.incarnation).stuck }
        return workers
    }

    public func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError) {
        try await writer.perform { try $0.order(order, to: incarnation) }
    }

    public func queues() async throws(EngineError) -> [QueueSummary] { try await read { try $0.queues() } }

    public func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) {
        try await writer.perform { try $0.setPaused(isPaused, queue: queue) }
    }

    public func admission() async throws(EngineError) -> AdmissionStatus {
        let clock = clock
        return try await read { try $0.admissionStatus(clock) }
    }

    public func resetAdmission() async throws(EngineError) { try await writer.perform { try $0.resetAdmission() } }

    public func suspectsWaiting(on host: String) async throws(EngineError) -> Int {
        let now = clock.now
        return try await read { try $0.suspectsWaiting(on: host, now: now) }
    }

    public func health() async throws(EngineError) -> [HealthFinding] { try await findings() }
}
