import Relier

/// Stands where receipts of a test's context have their engine: it has nothing and says so.
struct AbsentEngine: Engine {
    private static let error = EngineError(
        .unavailable, "a context made by TaskContext.testing() runs no child tasks; use RelierTestHarness to run a whole flow")

    var location: String { "none (TaskContext.testing())" }

    func now() async throws(EngineError) -> EngineTime { throw Self.error }
    func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] { throw Self.error }
    func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] { throw Self.error }
    func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] { throw Self.error }
    func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder { throw Self.error }
    func leave(_ incarnation: Incarnation) async throws(EngineError) { throw Self.error }
    func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] { throw Self.error }
    func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {}
    func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] { throw Self.error }
    func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) { throw Self.error }
    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer { throw Self.error }
    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) { throw Self.error }
    func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) { throw Self.error }
    func leases() async throws(EngineError) -> [LeaseSighting] { throw Self.error }
    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport {
        throw Self.error
    }
    func attachCrashReport(_ report: CrashReport) async throws(EngineError) { throw Self.error }
    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport { throw Self.error }
    func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError) { throw Self.error }
    func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome] { throw Self.error }
    func schedules() async throws(EngineError) -> ScheduleBoard { throw Self.error }
    func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> { throw Self.error }
    func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails? { throw Self.error }
    func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> { throw Self.error }
    func deadLetterReasons() async throws(EngineError) -> [String: Int] { throw Self.error }
    func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) { throw Self.error }
    func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply { throw Self.error }
    func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError) { throw Self.error }
    func workers() async throws(EngineError) -> [WorkerSummary] { throw Self.error }
    func queues() async throws(EngineError) -> [QueueSummary] { throw Self.error }
    func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) { throw Self.error }
    func admission() async throws(EngineError) -> AdmissionStatus { throw Self.error }
    func resetAdmission() async throws(EngineError) { throw Self.error }
    func suspectsWaiting(on host: String) async throws(EngineError) -> Int { throw Self.error }
    func health() async throws(EngineError) -> [HealthFinding] { throw Self.error }
    func close() async throws(EngineError) {}
}
