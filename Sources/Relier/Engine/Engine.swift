/// Where tasks live. Every method is one atomic operation on tasks: it happens whole or not at all, also when the
/// calling process dies in the middle, and what returned survives a crash within the engine's stated durability.
///
/// Nothing above an engine knows keys, rows or queries. A new engine is one module that passes `EngineConformance`
/// of `RelierTesting`.
public protocol Engine: Sendable {
    /// Kind and place for people, such as `sqlite:/srv/app/relier.db`. No secrets.
    var location: String { get }

    /// The engine's clock now.
    func now() async throws(EngineError) -> EngineTime

    // Clients

    /// Accepts tasks durably, in order; one outcome each. All that are not rejected are accepted, or none is.
    ///
    /// A task whose id is known already is answered ``PushOutcome/known`` and changes nothing, so a push whose outcome is unknown may be sent again.
    ///
    /// Under a policy the tasks are admitted as far as they fit. The first new one that does not fit, and every new one behind it, is ``PushOutcome/rejected(_:)``.
    /// What is known or a duplicate costs nothing and is answered as ever. Tasks with a ``NewTask/parent`` are counted, but pass the bounds of the backlog.
    /// Deciding, counting and storing are one step among all pushes of all handles: no window takes more than the limit.
    /// A window opens with the first task that is counted after the last one has ended. Neither the wall clock nor a restart of the machine shortens it.
    /// Pushes without a policy are not counted.
    /// - Throws: `fenced` when a task names a ``NewTask/parent`` whose fence is not the current one.
    func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome]

    /// Where these tasks are. Ids that are unknown, or no longer kept, are missing in the answer.
    func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus]

    /// Suspends until at least one of these tasks has ended, is unknown, or `timeout` has passed; then answers like ``status(of:)``.
    /// Cancelling the caller ends the wait early.
    func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus]

    // Workers

    /// Registers an incarnation and what it can run, starts its lease, and brings back parked tasks that it can run.
    ///
    /// The limits of its ``WorkerInfo/kinds`` are in force from then on for all tasks of these names, also for those pushed before; a limit that a kind does
    /// not list limits nothing any more. Before the first worker with a limit has joined, the latest push decides. Raised limits let waiting tasks go
    /// on; lowered ones let running tasks end.
    /// - Throws: `conflict` when the incarnation has joined before.
    func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder

    /// Takes leave after a clean stop. Whatever the incarnation still holds is handed back as by ``Settlement/Outcome/handBack``.
    func leave(_ incarnation: Incarnation) async throws(EngineError)

    /// Takes tasks to run: each with its next fence number and a fresh token, its state set to running.
    ///
    /// Scheduled tasks of the request's queues that are due are queued first, so that none waits for a ``tend(batch:unregisteredAfter:)``.
    /// Serves the queues by the request's shares, recovered tasks beside queued ones, and passes over (parking where nobody can run them)
    /// names and versions that the incarnation did not register. The envelopes are the stored ones, unchanged and unchecked, signatures included: the worker
    /// checks them. What is no task at all (values that no push and no transition gives) is quarantined as `PayloadIntegrityError`, and nothing waits behind it.
    ///
    /// No claim, by whatever incarnation, exceeds a limit of ``NewTask/limits``: of a key with a concurrency limit at most ``LimitRule/maximum`` tasks run,
    /// and bodies that outlived their attempt count; of a key with a rate at most so many are claimed in any ``LimitRule/window`` on the engine's clock.
    /// What a limit holds back is `waiting` by its key, in the order of the pushes, costs a claim nothing, and is queued in the step that frees the slot, by
    /// whatever end of a run, or at the time at which the rate allows it.
    ///
    /// A claim for suspects takes at most one. One that has lost a worker while it ran alone has its host to itself, since what took the worker may have
    /// been a neighbour: it is handed out when no other suspect runs on the claimer's host, after those that have not, and none is beside it.
    /// - Throws: `fenced` when the incarnation is not joined, or no more.
    func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask]

    /// Suspends until there may be work for this incarnation in these queues, or `timeout` has passed, or the caller is cancelled.
    ///
    /// A push that returned after this was called ends the wait of at least one waiting worker that serves its queue, and so do
    /// the moment at which a scheduled task of such a queue is due and the one at which a rate lets a waiting task start, whenever and by whomever it was pushed.
    func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async

    /// Ends attempts: each settlement is carried out, or refused if its fence is not the current one. The answers are in the order of the request.
    ///
    /// Result, idempotency record, checkpoint, history and state change in one step. Sent again under the same fence a
    /// settlement is answered ``SettleReply/done`` and changes nothing. So is any other settlement under that fence, until the task is claimed anew: then
    /// either answer is right.
    func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply]

    /// Saves a checkpoint; `nil` removes it. Whether it is progress shows when its worker is lost: the bytes saved then differ from those that the attempt began with.
    /// - Throws: `fenced` when the fence is not the current one.
    func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError)

    /// Takes a key by hand for a running task.
    /// - Throws: `fenced` when the fence is not the current one.
    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer

    /// Ends a key taken by ``acquireKey(_:for:fence:)``: with a value it answers later takers for `ttl`, with `nil` it is free again.
    /// Wakes the tasks that wait for it.
    /// - Throws: `fenced` when the fence is not the current one or the task does not hold the key.
    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError)

    /// Frees what was kept because a body still ran: the keys of a quarantine or a cancellation (``Settlement/Outcome/quarantine``,
    /// ``cancel(_:terminate:)``), and slots in limits (``Settlement/bodyRuns``).
    func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError)

    // Recovery

    /// Every joined incarnation as it is now.
    func leases() async throws(EngineError) -> [LeaseSighting]

    /// Takes away what dead incarnations held, at most `limits.batch` tasks a call: each task is queued again, made a suspect, handed back, or quarantined,
    /// once, whoever calls, as ``Fate`` decides by its ``Losses``. They are kept with the task, also in the dead letter queue, from which a release that
    /// is not fresh brings them back; a retry starts the count in a row anew. An incarnation that holds nothing more is forgotten and can neither claim nor settle.
    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport

    /// Adds the report of a crash to the history of all tasks that died with these incarnations, also when they have ended since.
    func attachCrashReport(_ report: CrashReport) async throws(EngineError)

    /// Housekeeping, bounded by `batch` rows of a kind: promotes scheduled tasks that are due in any queue, quarantines tasks parked for longer than
    /// `unregisteredAfter` that no joined worker can run in its queues, drops what has outlived its retention, and quarantines what is in the storage and
    /// is no task of Relier's.
    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport

    // Schedules

    /// Makes schedules known. One that is new, or differs from what is stored under its name, begins now on the clock that it follows: its ticks so
    /// far are done with. One that is equal to what is stored stays as it is.
    /// - Parameter names: schedules to forget, where they are known.
    func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError)

    /// Records ticks, and accepts their tasks like ``push(_:)``, each schedule's in one step.
    ///
    /// Refused where what is stored is not this definition, or not settled exactly up to ``ScheduleTick/after``: so of many schedulers one pushes a tick, and a call
    /// whose outcome is unknown may be sent again. The answers are in the order of the request.
    func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome]

    /// Every schedule, and the clocks that they follow.
    func schedules() async throws(EngineError) -> ScheduleBoard

    // Operators

    func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary>
    /// Everything known of one task; `nil` when it is not known, or no longer kept.
    func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails?
    func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary>
    func deadLetterReasons() async throws(EngineError) -> [String: Int]
    /// Puts a quarantined task back into its own queue with its checkpoint, and takes its idempotency key again in the same step.
    ///
    /// Its attempts start anew, and a cancellation that the quarantine came before is forgotten.
    /// - Parameter fresh: start the resurrection count anew.
    /// - Throws: `notFound`; `conflict` naming the key's holder, or the key that its own body holds, which still runs.
    func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError)
    /// Ends a live task as cancelled.
    ///
    /// One that waits, in whatever state, ends at once. One that runs ends at once, too, if `terminate` is true: its worker's next renewal finds it lost and cancels the
    /// body, and its keys stay held until that body has returned. Otherwise the current run may still commit, or fail into the dead letter queue; whatever
    /// would start it again (a retry, a hand-over, the loss of its worker) ends it as cancelled instead.
    /// - Throws: `notFound` when the task is not known; `conflict` when it has ended otherwise, naming how. A task that was cancelled before is answered ``CancelReply/cancelled``.
    func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply
    func workers() async throws(EngineError) -> [WorkerSummary]
    /// Gives a joined worker an order, which its next renewals carry. A later order replaces an earlier one.
    /// - Throws: `notFound` when the incarnation is not joined.
    func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError)
    func queues() async throws(EngineError) -> [QueueSummary]
    /// Pauses a queue, or resumes it; again changes nothing. While a queue is paused its tasks are claimed by nobody, recovered ones and suspects among
    /// them; pushes go on, running tasks end as they would. It lasts until the queue is resumed, whatever restarts.
    /// - Throws: `notFound` for a queue that nobody has pushed into or served, and for `re-queue`.
    func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError)
    /// The open window and the backlog.
    func admission() async throws(EngineError) -> AdmissionStatus
    /// Ends the open window: the next task that is counted opens another.
    func resetAdmission() async throws(EngineError)
    /// How many suspects wait to run alone and would be handed out now to a worker on this host: those that a limit or a pause holds back do not count,
    /// nor those that wait until nothing else runs alone there (``claim(_:)``).
    /// - Parameter host: ``WorkerInfo/host`` of whoever would run them.
    func suspectsWaiting(on host: String) async throws(EngineError) -> Int
    /// Looks at the engine's own state: reachable, version, durability, permissions, latency.
    func health() async throws(EngineError) -> [HealthFinding]

    /// Closes connections and files. Calls under way end first.
    func close() async throws(EngineError)
}

extension Engine {
    /// Accepts tasks without a policy. See ``push(_:admission:)``.
    public func push(_ tasks: [NewTask]) async throws(EngineError) -> [PushOutcome] { try await push(tasks, admission: nil) }
}
