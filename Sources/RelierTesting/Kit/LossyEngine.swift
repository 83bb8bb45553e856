public import Relier
import Synchronization

/// An engine whose connection fails on demand: it passes every call on to another engine, or loses the request, or the reply. It remembers what was pushed.
///
/// ```swift
/// let lossy = LossyEngine(engine)
/// lossy.inject(.replyLost, into: .push)
/// await #expect(throws: PushOutcomeUnknown.self) { try await Relier(lossy).push(task) }
/// ```
public final class LossyEngine: EngineDecorator {
    /// What goes wrong with a call.
    public struct Fault: Sendable, Hashable {
        let isCarriedOut: Bool
        let code: EngineError.Code

        /// The call is carried out; the caller gets `outcomeUnknown`.
        public static let replyLost = Fault(isCarriedOut: true, code: .outcomeUnknown)
        /// The call is not carried out; the caller gets `outcomeUnknown`, since it cannot know.
        public static let requestLost = Fault(isCarriedOut: false, code: .outcomeUnknown)
        /// The call is not carried out, and the caller knows: `unavailable`.
        public static let unavailable = Fault(isCarriedOut: false, code: .unavailable)
    }

    /// A method of ``Engine`` or of its lease holders.
    public struct Call: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        public static let now = Call("now")
        public static let push = Call("push")
        public static let status = Call("status")
        public static let awaitEnd = Call("awaitEnd")
        public static let join = Call("join")
        public static let leave = Call("leave")
        public static let claim = Call("claim")
        public static let settle = Call("settle")
        public static let saveCheckpoint = Call("saveCheckpoint")
        public static let acquireKey = Call("acquireKey")
        public static let settleKey = Call("settleKey")
        public static let bodyReturned = Call("bodyReturned")
        public static let renew = Call("renew")
        public static let leases = Call("leases")
        public static let release = Call("release")
        public static let attachCrashReport = Call("attachCrashReport")
        public static let tend = Call("tend")
        public static let announceSchedules = Call("announceSchedules")
        public static let tick = Call("tick")
        public static let releaseDeadLetter = Call("releaseDeadLetter")
        public static let setPaused = Call("setPaused")
        public static let cancel = Call("cancel")
        public static let order = Call("order")
        public static let resetAdmission = Call("resetAdmission")
        /// Everything an operator reads.
        public static let listing = Call("listing")
    }

    private let engine: any Engine
    private let faults = Mutex<[Call: [Fault]]>([:])
    private let outage = Mutex<Fault?>(nil)
    private let pushed = Mutex<[NewTask]>([])

    public init(_ engine: any Engine) {
        self.engine = engine
    }

    package var decorated: any Engine { engine }

    package func noteAccepted(_ tasks: [NewTask]) { pushed.withLock { $0 += tasks } }

    /// The next `times` calls of this method fail so; 1 or more. Faults of one method happen in the order in which they were injected.
    public func inject(_ fault: Fault, into call: Call, times: Int = 1) {
        faults.withLock { $0[call, default: []] += Array(repeating: fault, count: max(1, times)) }
    }

    /// From now on every call fails so; `nil` ends the outage.
    public func failEverything(_ fault: Fault?) {
        outage.withLock { $0 = fault }
    }

    /// Whether every injected fault has happened.
    public var isSpent: Bool { faults.withLock { $0.values.allSatisfy(\.isEmpty) } }

    /// The tasks that were accepted through this object, in order, children of bodies among them. Known, duplicate and rejected ones were not.
    public var accepted: [NewTask] { pushed.withLock { $0 } }

    fileprivate func nextFault(of call: Call) -> Fault? {
        if let fault = outage.withLock({ $0 }) { return fault }
        return faults.withLock { faults in
            guard let fault = faults[call]?.first else { return nil }
            faults[call]?.removeFirst()
            return fault
        }
    }

    fileprivate static func error(_ fault: Fault, _ call: Call) -> EngineError {
        EngineError(fault.code, "the \(fault.isCarriedOut ? "reply to" : "request for") '\(call)' was lost, as the test asked")
    }

    private func pass<Answer>(_ call: Call, _ body: () async throws(EngineError) -> Answer) async throws(EngineError) -> Answer {
        guard let fault = nextFault(of: call) else { return try await body() }
        if fault.isCarriedOut { _ = try await body() }
        throw Self.error(fault, call)
    }

    public var location: String { "lossy \(engine.location)" }

    public func now() async throws(EngineError) -> EngineTime {
        try await pass(.now) { () async throws(EngineError) in try await engine.now() }
    }
    public func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        try await pass(.push) { () async throws(EngineError) in
            let outcomes = try await engine.push(tasks, admission: admission)
            note(tasks, outcomes)
            return outcomes
        }
    }
    private func note(_ tasks: [NewTask], _ outcomes: [PushOutcome]) {
        pushed.withLock { pushed in
            for (task, outcome) in zip(tasks, outcomes) where outcome == .accepted { pushed.append(task) }
        }
    }
    public func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] {
        try await pass(.status) { () async throws(EngineError) in try await engine.status(of: ids) }
    }
    public func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        try await pass(.awaitEnd) { () async throws(EngineError) in try await engine.awaitEnd(of: ids, timeout: timeout) }
    }
    public func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder {
        let lease = try await pass(.join) { () async throws(EngineError) in try await engine.join(worker) }
        return LossyLease(engine: self, lease: lease)
    }
    public func leave(_ incarnation: Incarnation) async throws(EngineError) {
        try await pass(.leave) { () async throws(EngineError) in try await engine.leave(incarnation) }
    }
    public func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] {
        try await pass(.claim) { () async throws(EngineError) in try await engine.claim(request) }
    }
    public func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {
        await engine.awaitWork(incarnation, queues: queues, timeout: timeout)
    }
    public func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        try await pass(.settle) { () async throws(EngineError) in try await engine.settle(settlements) }
    }
    public func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        try await pass(.saveCheckpoint) { () async throws(EngineError) in
            try await engine.saveCheckpoint(checkpoint, of: task, fence: fence)
        }
    }
    public func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        try await pass(.acquireKey) { () async throws(EngineError) in try await engine.acquireKey(key, for: task, fence: fence) }
    }
    public func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        try await pass(.settleKey) { () async throws(EngineError) in
            try await engine.settleKey(key, for: task, fence: fence, value: value)
        }
    }
    public func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        try await pass(.bodyReturned) { () async throws(EngineError) in try await engine.bodyReturned(task, fence: fence) }
    }
    public func leases() async throws(EngineError) -> [LeaseSighting] {
        try await pass(.leases) { () async throws(EngineError) in try await engine.leases() }
    }
    public func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport {
        try await pass(.release) { () async throws(EngineError) in try await engine.release(target, death: death, limits: limits) }
    }
    public func attachCrashReport(_ report: CrashReport) async throws(EngineError) {
        try await pass(.attachCrashReport) { () async throws(EngineError) in try await engine.attachCrashReport(report) }
    }
    public func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        try await pass(.tend) { () async throws(EngineError) in
            try await engine.tend(batch: batch, unregisteredAfter: unregisteredAfter)
        }
    }
    public func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError) {
        try await pass(.announceSchedules) { () async throws(EngineError) in
            try await engine.announceSchedules(definitions, withdrawing: names)
        }
    }
    public func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome] {
        try await pass(.tick) { () async throws(EngineError) in
            let outcomes = try await engine.tick(ticks)
            for (tick, outcome) in zip(ticks, outcomes) {
                if case .recorded(let pushes) = outcome { note(tick.tasks, pushes) }
            }
            return outcomes
        }
    }
    public func schedules() async throws(EngineError) -> ScheduleBoard {
        try await pass(.listing) { () async throws(EngineError) in try await engine.schedules() }
    }
    public func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> {
        try await pass(.listing) { () async throws(EngineError) in try await engine.tasks(query) }
    }
    public func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails? {
        try await pass(.listing) { () async throws(EngineError) in try await engine.inspect(id) }
    }
    public func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> {
        try await pass(.listing) { () async throws(EngineError) in try await engine.deadLetters(query) }
    }
    public func deadLetterReasons() async throws(EngineError) -> [String: Int] {
        try await pass(.listing) { () async throws(EngineError) in try await engine.deadLetterReasons() }
    }
    public func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) {
        try await pass(.releaseDeadLetter) { () async throws(EngineError) in try await engine.releaseDeadLetter(id, fresh: fresh) }
    }
    public func workers() async throws(EngineError) -> [WorkerSummary] {
        try await pass(.listing) { () async throws(EngineError) in try await engine.workers() }
    }
    public func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        try await pass(.cancel) { () async throws(EngineError) in try await engine.cancel(id, terminate: terminate) }
    }
    public func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError) {
        try await pass(.order) { () async throws(EngineError) in try await engine.order(order, to: incarnation) }
    }
    public func queues() async throws(EngineError) -> [QueueSummary] {
        try await pass(.listing) { () async throws(EngineError) in try await engine.queues() }
    }
    public func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) {
        try await pass(.setPaused) { () async throws(EngineError) in try await engine.setPaused(isPaused, queue: queue) }
    }
    public func admission() async throws(EngineError) -> AdmissionStatus {
        try await pass(.listing) { () async throws(EngineError) in try await engine.admission() }
    }
    public func resetAdmission() async throws(EngineError) {
        try await pass(.resetAdmission) { () async throws(EngineError) in try await engine.resetAdmission() }
    }
    public func suspectsWaiting(on host: String) async throws(EngineError) -> Int {
        try await pass(.listing) { () async throws(EngineError) in try await engine.suspectsWaiting(on: host) }
    }
    public func health() async throws(EngineError) -> [HealthFinding] {
        try await pass(.listing) { () async throws(EngineError) in try await engine.health() }
    }
    public func close() async throws(EngineError) { try await engine.close() }
}

/// A lease whose renewals fail on demand. A renewal has no unknown outcome: it was not renewed, as far as its holder can tell.
private struct LossyLease: LeaseHolder {
    let engine: LossyEngine
    let lease: any LeaseHolder

    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal {
        guard let fault = engine.nextFault(of: .renew) else { return try lease.renew(heartbeat) }
        if fault.isCarriedOut { _ = try lease.renew(heartbeat) }
        throw EngineError(.unavailable, LossyEngine.error(fault, .renew).message)
    }

    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply] {
        guard let fault = engine.nextFault(of: .settle) else { return try lease.settle(settlements) }
        if fault.isCarriedOut { _ = try lease.settle(settlements) }
        throw LossyEngine.error(fault, .settle)
    }
}
