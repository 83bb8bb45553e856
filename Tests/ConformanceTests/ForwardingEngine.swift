import Relier

/// An engine that passes every call on, for tests that change one.
protocol ForwardingEngine: Engine {
    var engine: any Engine { get }
}

extension ForwardingEngine {
    var location: String { engine.location }
    func now() async throws(EngineError) -> EngineTime { try await engine.now() }
    func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        try await engine.push(tasks, admission: admission)
    }
    func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] { try await engine.status(of: ids) }
    func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        try await engine.awaitEnd(of: ids, timeout: timeout)
    }
    func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder { try await engine.join(worker) }
    func leave(_ incarnation: Incarnation) async throws(EngineError) { try await engine.leave(incarnation) }
    func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] { try await engine.claim(request) }
    func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {
        await engine.awaitWork(incarnation, queues: queues, timeout: timeout)
    }
    func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] { try await engine.settle(settlements) }
    func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        try await engine.saveCheckpoint(checkpoint, of: task, fence: fence)
    }
    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        try await engine.acquireKey(key, for: task, fence: fence)
    }
    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        try await engine.settleKey(key, for: task, fence: fence, value: value)
    }
    func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) { try await engine.bodyReturned(task, fence: fence) }
    func leases() async throws(EngineError) -> [LeaseSighting] { try await engine.leases() }
    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport {
        try await engine.release(target, death: death, limits: limits)
    }
    func attachCrashReport(_ report: CrashReport) async throws(EngineError) { try await engine.attachCrashReport(report) }
    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        try await engine.tend(batch: batch, unregisteredAfter: unregisteredAfter)
    }
    func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError) {
        try await engine.announceSchedules(definitions, withdrawing: names)
    }
    func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome] { try await engine.tick(ticks) }
    func schedules() async throws(EngineError) -> ScheduleBoard { try await engine.schedules() }
    func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> { try await engine.tasks(query) }
    func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails? { try await engine.inspect(id) }
    func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> {
        try await engine.deadLetters(query)
    }
    func deadLetterReasons() async throws(EngineError) -> [String: Int] { try await engine.deadLetterReasons() }
    func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) { try await engine.releaseDeadLetter(id, fresh: fresh) }
    func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        try await engine.cancel(id, terminate: terminate)
    }
    func workers() async throws(EngineError) -> [WorkerSummary] { try await engine.workers() }
    func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError) {
        try await engine.order(order, to: incarnation)
    }
    func queues() async throws(EngineError) -> [QueueSummary] { try await engine.queues() }
    func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) { try await engine.setPaused(isPaused, queue: queue) }
    func admission() async throws(EngineError) -> AdmissionStatus { try await engine.admission() }
    func resetAdmission() async throws(EngineError) { try await engine.resetAdmission() }
    func suspectsWaiting(on host: String) async throws(EngineError) -> Int { try await engine.suspectsWaiting(on: host) }
    func health() async throws(EngineError) -> [HealthFinding] { try await engine.health() }
    func close() async throws(EngineError) { try await engine.close() }
}
