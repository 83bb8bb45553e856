import Logging
public import ServiceLifecycle
import Synchronization

/// Claims tasks, runs their bodies, and commits what they return.
///
/// A worker may live in a process of its own under a ``Supervisor``, or as a service inside a user's server. Whatever happens to it, its tasks end
/// committed once or quarantined with a reason: what it cannot finish, others do. Outside a supervisor it also sweeps, as
/// ``WorkerSettings/resurrection`` says, pushes its periodic tasks, and empties itself for suspects that no supervisor takes (``WorkerSettings/suspectPatience``).
public final class Worker: Service {
    private struct State {
        var session: WorkerSession?
        var order: WorkerSession.Signal?
        var leftForGood = false
    }

    private let engine: any Engine
    private let registry: TaskRegistry
    private let settings: WorkerSettings
    private let state = Mutex(State())

    public init(engine: any Engine, tasks: TaskRegistry, settings: WorkerSettings) {
        self.engine = engine
        registry = tasks
        self.settings = settings
    }

    /// Works until it is told to stop: by ``drain()``, by a graceful shutdown of its service group, or, handing over at once, by cancellation.
    /// - Throws: ``RegistrationError`` for settings that cannot work; ``EngineError`` when it cannot join at first. An engine that goes away later is waited for.
    public func run() async throws {
        if let objection = settings.objection { throw RegistrationError(objection) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                // Detached from the caller's cancellation, which means: hand over.
                try await Task { try await self.work() }.value
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            handOver()
        }
    }

    /// Whether an operator's order ended it for good.
    var leftForGood: Bool { state.withLock { $0.leftForGood } }

    /// Claims nothing more, lets bodies finish within the grace period, hands over the rest, and ends ``run()``.
    public func drain() { tell(.drain) }

    /// Hands over what runs at once, and ends ``run()``.
    public func handOver() { tell(.handOver) }

    private func tell(_ order: WorkerSession.Signal) {
        let session = state.withLock { state in
            if state.order != .handOver { state.order = order }
            return state.session
        }
        session?.tell(order)
    }

    private func work() async throws {
        let sweeping = settings.resurrection.map { resurrection in
            Task { [engine, settings] in
                try await Resurrector(engine: engine, settings: resurrection, logger: settings.logger).run()
            }
        }
        let scheduling = settings.resurrection.map { _ in
            Task { [engine, settings, registry] in
                let scheduling = SchedulingSettings(catchUpWindow: settings.catchUpWindow, client: settings.client)
                try await Scheduler(engine: engine, tasks: registry, settings: scheduling, logger: settings.logger).run()
            }
        }
        let result = await Result { try await joinAndWork() }
        scheduling?.cancel()
        _ = await scheduling?.result
        sweeping?.cancel()
        _ = await sweeping?.result
        try result.get()
    }

    private func joinAndWork() async throws {
        let threads = BlockingThreads()
        defer { threads.shutDown() }
        var joinedBefore = false
        var lostAt: ContinuousClock.Instant?
        // Short, since a worker is to be back as soon as the engine is.
        var pause = GrowingPause(upTo: .milliseconds(500))
        var outage = OutageNotice()
        var suspects = settings.resurrection == nil ? nil : settings.suspectPatience.map(SuspectWatch.init(patience:))
        while true {
            guard let session = begin(settings, threads) else { return }
            do {
                let end: WorkerSession.End
                (end, suspects) = try await run(session, watching: suspects, joinLimit: limit(of: lostAt))
                switch end {
                case .left: return
                case .emptied:
                    joinedBefore = true
                    suspects?.tookTurn(inVain: try await runSuspects(threads) == 0)
                case .leftForGood:
                    state.withLock { $0.leftForGood = true }
                    return
                case .replaced where settings.ownsProcess: return
                case .replaced: joinedBefore = true
                case .lost:
                    joinedBefore = true
                    lostAt = .now
                }
                pause = GrowingPause(upTo: .milliseconds(500))
                _ = outage.succeeded()
            } catch {
                // A worker process that starts while the engine is away, full or refuses writes waits for it; its supervisor has seen the engine before.
                if !joinedBefore && !(settings.ownsProcess && (error as? EngineError)?.mayPass == true) { throw error }
                // A fresh process may get the threads that this one lacks.
                if settings.ownsProcess && error is POSIXFailure { throw error }
                if outage.failed(at: .now) { settings.logger.error("cannot join, trying again until it works: \(error)") }
                try? await Task.sleep(for: pause.take())
            }
        }
    }

    /// A session that orders reach from now on; `nil` when one has come before.
    private func begin(_ settings: WorkerSettings, _ threads: BlockingThreads) -> WorkerSession? {
        let session = WorkerSession(engine: engine, registry: registry, settings: settings, threads: threads)
        return state.withLock { state in
            state.session = session
            return state.order == nil ? session : nil
        }
    }

    /// How long a process of our own may still try to join after it lost its lease. Then it leaves: a body may have taken away what it needs, and a fresh
    /// process has it.
    private func limit(of lostAt: ContinuousClock.Instant?) -> Duration? {
        guard settings.ownsProcess, let lostAt else { return nil }
        return max(.zero, settings.lease - lostAt.duration(to: .now))
    }

    /// Runs the session, and has it make room when suspects wait for too long.
    private func run(
        _ session: WorkerSession, watching suspects: SuspectWatch?, joinLimit: Duration?
    ) async throws -> (WorkerSession.End, SuspectWatch?) {
        guard let suspects else { return (try await session.run(joinLimit: joinLimit), nil) }
        let watching = Task { [engine, settings] in
            var watch = suspects
            while !Task.isCancelled {
                try? await Task.sleep(for: watch.interval)
                // An engine that is away says nothing about suspects.
                guard let waiting = try? await engine.suspectsWaiting(on: HostName.current) else { continue }
                if watch.look(waiting: waiting, at: .now) {
                    settings.logger.notice("\(waiting) suspects wait and no supervisor takes them; making room to run them alone")
                    session.tell(.makeRoom)
                    break
                }
            }
            return watch
        }
        let result = await Result { try await session.run() }
        watching.cancel()
        return (try result.get(), await watching.value)
    }

    /// Runs suspects one after another with nothing beside them, as long as there are fewer after each.
    /// - Returns: how many fewer.
    private func runSuspects(_ threads: BlockingThreads) async throws -> Int {
        var alone = settings
        alone.isolated = true
        let before = try await engine.suspectsWaiting(on: HostName.current)
        var left = before
        while left > 0, let session = begin(alone, threads) {
            _ = try await session.run()
            let now = try await engine.suspectsWaiting(on: HostName.current)
            if now >= left { break }
            left = now
        }
        return before - left
    }
}
