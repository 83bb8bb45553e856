import Foundation
import Logging

/// The worker processes of one supervisor, and what is to be done about each event.
struct Nursery {
    enum Event: Sendable {
        case died(ChildProcess, Death)
        case released(process: TaskID, pid: Int32, Death, ReleaseReport)
        case reported(process: TaskID)
        case restart(slot: Int)
        case suspects(Int)
        case tick
        case drain
        case handOver
        case overdue
    }

    private struct Child {
        let process: ChildProcess
        let id: TaskID
        /// `nil` for a process that runs a suspect.
        let slot: Int?
    }

    private let engine: any Engine
    private let settings: SupervisorSettings
    private let sender: AsyncStream<Event>.Continuation
    private let environment: [String: String]
    private var children: [Int32: Child] = [:]
    private var plans: [RestartPlan]
    private var isolation: IsolationPlan
    private var memory = OutOfMemoryCounter()
    /// The slots whose worker an operator drained.
    private var drained: Set<Int> = []
    private var stopping = false
    /// Releases and crash reports under way, by their process.
    private var reports: [TaskID: Task<Void, Never>] = [:]
    private var releasing = 0
    /// The time for stopping is over: what the engine does not take is left to others.
    private var isOverdue = false

    init(engine: any Engine, settings: SupervisorSettings, sender: AsyncStream<Event>.Continuation) {
        self.engine = engine
        self.settings = settings
        self.sender = sender
        plans = Array(repeating: RestartPlan(), count: max(1, settings.processes))
        isolation = IsolationPlan(limit: max(1, settings.isolatedProcesses))
        var environment = ProcessInfo.processInfo.environment.merging(settings.environment) { $1 }
        if settings.backtraces, let (name, value) = Backtraces.setting(environment: environment) { environment[name] = value }
        self.environment = environment
    }

    /// All workers have ended after an order to stop, or were drained for good, and what they held is released.
    var isOver: Bool { (stopping || drained.count == plans.count) && children.isEmpty && releasing == 0 }

    mutating func begin() throws {
        // A worker that died leaves nobody to read its orders.
        signal(SIGPIPE, SIG_IGN)
        for slot in plans.indices { try start(slot: slot) }
    }

    mutating func handle(_ event: Event) async {
        switch event {
        case .died(let process, let death): buried(process, death)
        case .released(let process, let pid, let death, let report):
            releasing -= 1
            settings.onEvent?(.died(process: process, pid: pid, death: death, released: report))
            lookForSuspects()
        case .reported(let process): reports[process] = nil
        case .restart(let slot): restart(slot)
        case .suspects(let count): startIsolated(waiting: count)
        case .tick:
            lookForSuspects()
            if Orphans.isOurDuty { Orphans.reap(except: Set(children.keys)) }
        case .drain: stop(with: "drain", within: settings.gracePeriod)
        case .handOver: stop(with: "now", within: .seconds(3))
        case .overdue:
            isOverdue = true
            for report in reports.values { report.cancel() }
            for child in children.values {
                settings.logger.error("worker process \(child.process.pid) does not end; killing it")
                child.process.kill(SIGKILL)
            }
        }
    }

    /// Waits until crash reports under way are stored.
    func finish() async {
        for report in reports.values { await report.value }
    }

    // MARK: Starting

    private mutating func start(slot: Int?) throws {
        let id = TaskID.next()
        let process = try ChildProcess(
            executable: settings.executable, arguments: settings.arguments(id, slot == nil), environment: environment,
            reportLimit: settings.backtraceLimit
        ) { [sender] process, death in
            sender.yield(.died(process, death))
        }
        children[process.pid] = Child(process: process, id: id, slot: slot)
        settings.logger.info("started worker process \(process.pid)\(slot == nil ? " for a suspect" : "")")
        settings.onEvent?(.started(process: id, pid: process.pid, isolated: slot == nil))
    }

    private mutating func restart(_ slot: Int) {
        if stopping { return }
        do { try start(slot: slot) } catch {
            settings.logger.error("\(error); trying again")
            restart(slot, after: plans[slot].died(after: .zero) + .milliseconds(100))
        }
    }

    private func restart(_ slot: Int, after pause: Duration) {
        Task { [sender] in
            try? await Task.sleep(for: pause)
            sender.yield(.restart(slot: slot))
        }
    }

    private func lookForSuspects() {
        if stopping { return }
        Task { [engine, sender] in
            if let count = try? await engine.suspectsWaiting(on: HostName.current) { sender.yield(.suspects(count)) }
        }
    }

    private mutating func startIsolated(waiting: Int) {
        if stopping { return }
        let running = children.values.count { $0.slot == nil }
        for _ in 0..<isolation.start(waiting: waiting, running: running, at: .now) {
            do { try start(slot: nil) } catch { settings.logger.error("\(error)") }
        }
    }

    // MARK: Ending

    private mutating func buried(_ process: ChildProcess, _ seen: Death) {
        guard let child = children.removeValue(forKey: process.pid) else { return }
        let death = seen == .signalled(SIGKILL) && memory.rose() ? .outOfMemory : seen
        let forGood = death == .drained && process.leftForGood
        let clean = death == .drained
        if !clean { settings.logger.warning("worker process \(process.pid) died: \(death.label)") }
        release(child, death, clean: clean)
        guard let slot = child.slot, !stopping else { return }
        if forGood {
            settings.logger.notice("worker process \(process.pid) was drained by an operator; no other is started in its place")
            drained.insert(slot)
            return
        }
        // One that stopped itself had no engine to renew at; the next one waits for it and has nothing to be held back for.
        let stoppedItself = death == .selfStopped
        let pause = plans[slot].died(after: .now - process.startedAt, cleanly: clean || stoppedItself)
        if pause == .zero { restart(slot) } else { restart(slot, after: pause) }
    }

    /// Releases at once; the report of the crash follows when it is whole.
    private mutating func release(_ child: Child, _ death: Death, clean: Bool) {
        releasing += 1
        let release = Release(engine: engine, settings: settings.resurrection, logger: settings.logger)
        let report = Task { [engine, sender, settings] in
            let report = await Self.insist(settings.logger) { try await release.all(of: .process(child.id), death: death) }
            sender.yield(.released(process: child.id, pid: child.process.pid, death, report ?? ReleaseReport()))
            let words = await Self.lastWords(of: child.process)
            if !clean {
                let crash = CrashReport(
                    process: child.id, death: death, standardError: words.standardError, backtrace: words.backtrace)
                _ = await Self.insist(settings.logger) { try await engine.attachCrashReport(crash) }
            }
            sender.yield(.reported(process: child.id))
        }
        if isOverdue { report.cancel() }
        reports[child.id] = report
    }

    private static func lastWords(of process: ChildProcess) async -> (standardError: String, backtrace: String?) {
        await withCheckedContinuation { continuation in
            do { try POSIXThread.start("relier-words") { continuation.resume(returning: process.lastWords()) } } catch {
                // Without a thread it is done here: its reader ends at once when it is told to.
                continuation.resume(returning: process.lastWords())
            }
        }
    }

    /// Tries until it is done: a dead worker's tasks are released however long the engine is away. Once cancelled, when the time for stopping is over,
    /// tries no more: `nil`. What is left falls to another supervisor, or ends with its lease.
    private static func insist<Answer>(_ logger: Logger, _ call: () async throws -> Answer) async -> Answer? {
        var pause = GrowingPause()
        var outage = OutageNotice()
        while true {
            do { return try await call() } catch {
                if outage.failed(at: .now) {
                    logger.error("a dead worker's tasks are not released yet, trying again until it works: \(error)")
                }
            }
            if Task.isCancelled { return nil }
            try? await Task.sleep(for: pause.take())
        }
    }

    private mutating func stop(with order: String, within time: Duration) {
        stopping = true
        for child in children.values { child.process.order(order) }
        Task { [sender] in
            // The workers keep to the grace period themselves; this is for one that cannot.
            try? await Task.sleep(for: time + .seconds(5))
            sender.yield(.overdue)
        }
        // Wakes the loop, which may have nothing left to wait for.
        sender.yield(.tick)
    }
}
