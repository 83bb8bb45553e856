import Dispatch
import Foundation
import Logging
import Synchronization

/// A worker's life under one incarnation: joined, claiming, running, until it drains or its lease is lost.
final class WorkerSession: Sendable {
    enum Signal: Sendable {
        case drain
        case handOver
        /// Like a drain, to be followed by a fresh process, or a fresh session where the process is the user's.
        case replace
        /// Like a drain: a suspect is to have the process for itself.
        case makeRoom
        case gone
        /// The fetcher has nothing more to do: the isolated run is over.
        case finished
    }

    enum End: Sendable {
        case left
        /// An operator wants this worker to end and not to be started again.
        case leftForGood
        /// Start anew.
        case replaced
        /// Nothing runs here any more; run suspects, then start anew.
        case emptied
        /// The lease was lost; join anew.
        case lost
    }

    let engine: any Engine
    let settings: WorkerSettings
    let info: WorkerInfo
    let holdings: Holdings
    let committer: Committer
    let runner: BodyRunner
    let logger: Logger
    let deadlines = Deadlines()
    private let paused = Mutex(false)
    private let isLost = Mutex(false)
    private let isWithoutLease = Mutex(false)
    /// A second order came during a drain.
    let hurried = Mutex(false)
    private let order = Mutex<WorkerOrder?>(nil)
    private let lease = Mutex<(any LeaseHolder)?>(nil)
    private let signal: AsyncStream<Signal>.Continuation
    private let signals: AsyncStream<Signal>

    /// How long a process of our own stays without a lease for results that the engine has not stored yet.
    private static let resultPatience = Duration.minutes(5)
    /// How long a process that is left waits for the engine to take what it gives back.
    private static let lastCallLimit = Duration.seconds(3)

    init(engine: any Engine, registry: TaskRegistry, settings: WorkerSettings, threads: BlockingThreads) {
        self.engine = engine
        self.settings = settings
        let info = WorkerInfo(
            incarnation: .next(), process: settings.process, name: settings.expandedName, host: HostName.current,
            pid: ProcessInfo.processInfo.processIdentifier, queues: settings.queues.map(\.queue),
            concurrency: settings.concurrency, kinds: registry.kinds, lease: settings.lease, isolated: settings.isolated)
        self.info = info
        var logger = settings.logger
        logger[metadataKey: "worker"] = "\(info.name)"
        self.logger = logger
        let checkpoints = CheckpointStore(settings: settings.checkpoints)
        let holdings = Holdings()
        self.holdings = holdings
        committer = Committer(engine: engine, logger: logger) { [logger] attempt, outcome, reply in
            holdings.remove(attempt)
            if reply == .refused {
                logger.warning("a late write was refused: the task is another worker's", metadata: ["task": "\(attempt.id)"])
            } else if case .commit = outcome {
                checkpoints.remove(attempt.checkpoint)
            }
        }
        let alarms = AsyncAlarm()
        let stuckBodies = StuckBodies(
            limits: .init(grace: settings.stuckGrace, most: settings.mostStuck), deadlines: deadlines, holdings: holdings, logger: logger
        ) { alarms.raise($0) }
        runner = BodyRunner(
            registry: registry, settings: settings, incarnation: info.incarnation, workerName: info.name,
            services: WorkerServices(
                client: Relier(engine, settings: settings.client), checkpoints: checkpoints, registry: registry,
                resultMaxBytes: settings.resultMaxBytes, ownsProcess: settings.ownsProcess, enginePatience: settings.enginePatience),
            holdings: holdings, committer: committer, threads: threads, deadlines: deadlines, stuckBodies: stuckBodies)
        (signals, signal) = AsyncStream.makeStream()
        alarms.answer { [weak self] in self?.heed($0) }
    }

    /// Asks the session to end. On whatever thread.
    func tell(_ order: Signal) {
        if order == .handOver {
            hurried.withLock { $0 = true }
            holdings.poke()
        }
        signal.yield(order)
        guard settings.ownsProcess else { return }
        // Bodies that hold the whole cooperative pool must not turn a drain into a crash.
        let latest = (order == .handOver ? Duration.zero : settings.gracePeriod) + .seconds(4)
        deadlines.at(.now + latest) { [weak self] in self?.leaveProcess(status: 0, "the drain is not over in time") }
    }

    /// Joins and works until told to stop.
    /// - Parameter joinLimit: how long joining may take in a process of our own before it leaves; `nil` for as long as it takes.
    /// - Throws: ``EngineError`` when it cannot join; ``POSIXFailure`` when there are no threads for it.
    func run(joinLimit: Duration? = nil) async throws -> End {
        defer { deadlines.stop() }
        try deadlines.begin()
        let joinedAt = ContinuousClock.now
        let alarm = joinLimit.flatMap { leaveUnlessEnded(within: $0, "no lease could be taken anew") }
        let holder = try await engine.join(info)
        if let alarm { deadlines.cancel(alarm) }
        lease.withLock { $0 = holder }
        let keeper: LeaseKeeper
        do {
            keeper = try LeaseKeeper(
                holder: holder, lease: settings.lease, joinedAt: joinedAt, deadlines: deadlines, holdings: holdings, logger: logger
            ) { [self] event in heed(event) }
        } catch {
            try? await engine.leave(info.incarnation)
            throw error
        }
        logger.info("joined as \(info.incarnation)")
        let committing = Task { await committer.run() }
        let fetching = Task { await fetch() }
        let end = await obey(fetching)
        if end == .lost {
            keeper.stop()
            committer.abandon()
            committing.cancel()
            await committing.value
        } else {
            committer.close()
            // With the engine away the rest falls back to recovery, rather than hold up the exit.
            let patience = Task {
                try await Task.sleep(for: .seconds(3))
                committing.cancel()
            }
            await committing.value
            patience.cancel()
        }
        // For a lost session this only gives back what the engine keeps open for it.
        do { try await engine.leave(info.incarnation) } catch { logger.warning("could not take leave: \(error.message)") }
        keeper.stop()
        return end
    }

    /// Waits for the order that ends the session, and carries it out.
    private func obey(_ fetching: Task<Void, Never>) async -> End {
        for await order in signals {
            fetching.cancel()
            switch order {
            case .finished, .handOver, .drain, .replace, .makeRoom:
                await fetching.value
                await drain(from: order)
                if isLost.withLock({ $0 }) { return .lost }
                if order == .replace { return .replaced }
                if order == .makeRoom && !hurried.withLock({ $0 }) { return .emptied }
                return self.order.withLock { $0 } == .drain ? .leftForGood : .left
            case .gone:
                logger.warning("the lease was lost; others have this worker's tasks by now")
                dropAll()
                await fetching.value
                await leaveIfBodiesRun(within: settings.lease / 4)
                return .lost
            }
        }
        return .left
    }

    /// Runs on the keeper's threads.
    private func heed(_ event: LeaseKeeper.Event) {
        switch event {
        case .lost(let lost):
            for (task, fence) in lost {
                guard let attempt = holdings.attempt(task), attempt.fence == fence, attempt.end(.lost) else { continue }
                logger.warning("the task was cancelled, or is another worker's by now", metadata: ["task": "\(attempt.id)"])
                giveUp(attempt)
            }
        case .gone:
            // Here, since a drain under way reads no signals.
            dropAll()
            signal.yield(.gone)
            leaveUnlessEnded(within: settings.lease + .seconds(5), "the lease was lost, and this process cannot take leave of the engine")
        case .endangered:
            logger.error("the lease could not be renewed; bodies are asked to stop")
            paused.withLock { $0 = true }
            for attempt in holdings.attempts { attempt.cancel(draining: true) }
        case .safe:
            logger.notice("the lease is renewed again")
            isWithoutLease.withLock { $0 = false }
            paused.withLock { $0 = false }
            holdings.poke()
        case .ended:
            paused.withLock { $0 = true }
            isWithoutLease.withLock { $0 = true }
            // Decided here, on a thread that no body can starve.
            if settings.ownsProcess { leaveWithoutLease(since: .now) }
            for attempt in holdings.attempts where attempt.end(.lost) { giveUp(attempt) }
        case .ordered(let new):
            let isFirst = order.withLock { order in
                defer { order = new }
                return order == nil
            }
            guard isFirst else { return }
            logger.notice("an operator's order: \(new.rawValue)")
            tell(new == .drain ? .drain : .replace)
        }
    }

    /// Runs on the deadlines' thread.
    private func heed(_ alarm: StuckBodies.Alarm) {
        switch alarm {
        case .tooMany:
            if settings.ownsProcess {
                logger.error(
                    "\(holdings.stuck) bodies are stuck, more than \(settings.mostStuck) of \(settings.concurrency) slots; the process is replaced"
                )
                tell(.replace)
            } else {
                logger.critical(
                    "\(holdings.stuck) bodies are stuck, more than \(settings.mostStuck) of \(settings.concurrency) slots; this worker claims nothing until some return"
                )
            }
        case .poolStarved:
            if settings.ownsProcess {
                leaveProcess(status: Death.selfStopStatus, "bodies without a suspension point hold every thread of the cooperative pool")
            } else {
                logger.critical("bodies without a suspension point hold every thread of the cooperative pool of this process")
                settleOverPool(committer.unanswered)
            }
        }
    }

    /// Leaves a process of our own whose lease has ended: its supervisor starts a fresh one, which can do what this one perhaps no longer can.
    ///
    /// Results that the engine has not stored yet are worth a wait, since their fences stay good through an outage; but not where it is this process that
    /// has lost its descriptors, and not for ever.
    private func leaveWithoutLease(since end: ContinuousClock.Instant) {
        guard isWithoutLease.withLock({ $0 }) else { return }
        if holdings.busySlots > 0 {
            logger.critical("the lease has ended and bodies still run; leaving the process")
            WorkerProcess.stopItself()
        }
        let waiting = holdings.count
        if waiting == 0 {
            logger.critical("the lease has ended without a renewal; leaving the process")
            WorkerProcess.stopItself()
        }
        if let footing = settings.footing, !footing.holds {
            logger.critical("the lease has ended, and something in this process has closed its descriptors; leaving the process")
            // Without a word to the supervisor, so that whoever did it is looked for.
            _exit(Death.selfStopStatus)
        }
        if end.duration(to: .now) > Self.resultPatience {
            logger.critical("the lease has ended, and \(waiting) results could not be stored since; leaving the process")
            WorkerProcess.stopItself()
        }
        deadlines.at(.now + .milliseconds(250)) { [weak self] in self?.leaveWithoutLease(since: end) }
    }

    /// Leaves a process of our own unless the session has ended by then: whatever holds it up may have taken away what it needs to end.
    @discardableResult
    private func leaveUnlessEnded(within time: Duration, _ why: String) -> Deadlines.Ticket? {
        guard settings.ownsProcess else { return nil }
        // Not done once the session has ended, which stops the deadlines.
        return deadlines.at(.now + time) { [weak self] in
            self?.logger.critical("\(why); leaving the process")
            WorkerProcess.stopItself()
        }
    }

    /// Leaves the process from a thread of its own, with all that is held given back first.
    private func leaveProcess(status: Int32, _ why: String) {
        logger.critical("\(why); handing over \(holdings.count) tasks and leaving the process")
        var settlements = committer.unanswered
        for attempt in holdings.attempts where attempt.end(.handOver) {
            settlements.append(Settlement(task: attempt.id, fence: attempt.fence, outcome: .handBack, bodyRuns: attempt.isOverdue))
        }
        _ = settleOverPool(settlements).wait(timeout: .now() + Self.lastCallLimit.inSeconds)
        (status == Death.selfStopStatus ? Farewell.selfStop : .leaving).say()
        _exit(status)
    }

    /// Settles without the cooperative pool's help, on a thread of its own: an engine whose descriptors are gone may never answer, and the deadlines must go on.
    /// - Returns: signalled when it is done.
    @discardableResult
    private func settleOverPool(_ settlements: [Settlement]) -> DispatchSemaphore {
        let done = DispatchSemaphore(value: 0)
        do {
            try POSIXThread.start("relier-last-call") { [self] in
                defer { done.signal() }
                guard let holder = lease.withLock({ $0 }) else { return }
                do { _ = try holder.settle(settlements) } catch {
                    logger.error("the ends of \(settlements.count) tasks were not stored: \(error)")
                }
            }
        } catch {
            logger.error("the ends of \(settlements.count) tasks were not stored: \(error)")
            done.signal()
        }
        return done
    }

    /// Gives up all that is held, and whatever a claim under way may still bring: others have it.
    private func dropAll() {
        isLost.withLock { $0 = true }
        for attempt in holdings.attempts {
            _ = attempt.end(.lost)
            giveUp(attempt)
        }
    }

    /// The task is not this worker's any more; its body is asked to stop.
    private func giveUp(_ attempt: Attempt) {
        attempt.cancel()
        holdings.remove(attempt)
        runner.stuckBodies.watch(attempt)
    }

    private func leaveIfBodiesRun(within margin: Duration) async {
        let returned = await holdings.wait(until: .now + margin) { $0.busySlots == 0 }
        guard !returned, settings.ownsProcess else { return }
        logger.critical("\(holdings.busySlots) bodies of tasks that are not this worker's any more do not stop; leaving the process")
        Farewell.selfStop.say()
        WorkerProcess.stopItself()
    }

    // MARK: Claiming

    private func fetch() async {
        if settings.isolated {
            await fetchSuspect()
            signal.yield(.finished)
            return
        }
        var shares = QueueShares(settings.queues, concurrency: settings.concurrency)
        var number: Int64 = 0
        var pause = GrowingPause()
        var outage = OutageNotice()
        let queues = settings.queues.map(\.queue)
        while !Task.isCancelled {
            let free = settings.concurrency - holdings.busySlots
            let congested = committer.backlog > max(1000, 2 * settings.concurrency) || holdings.stuck > settings.mostStuck
            if free <= 0 || congested || paused.withLock({ $0 }) {
                await holdings.awaitChange(atMost: .seconds(1))
                continue
            }
            number += 1
            let request = ClaimRequest(
                incarnation: info.incarnation, number: number, shares: shares.plan(free: free), limit: free)
            do {
                let claimed = try await engine.claim(request)
                begin(claimed, answering: number)
                pause = GrowingPause()
                if outage.succeeded() { logger.notice("claims again") }
                var taken: [Queue: Int] = [:]
                for task in claimed { taken[task.queue, default: 0] += 1 }
                shares.charge(taken)
                // One where several had room was most likely the only one. A wait looks first, so a second claim in vain is saved.
                if claimed.isEmpty || (claimed.count == 1 && free > 1) {
                    await engine.awaitWork(info.incarnation, queues: queues, timeout: .seconds(60))
                }
            } catch {
                // Whatever it claimed is queued again by the next renewal.
                holdings.add([], answering: number)
                if error.code == .fenced {
                    signal.yield(.gone)
                    return
                }
                if !Task.isCancelled && outage.failed(at: .now) {
                    logger.error("cannot claim, trying again until it works: \(error.message)")
                }
                try? await Task.sleep(for: pause.take())
            }
        }
    }

    private func begin(_ claimed: [ClaimedTask], answering number: Int64) {
        let attempts = claimed.map(Attempt.init(task:))
        // Under one lock with the loss of the lease: what comes after it is somebody else's.
        let isOurs = isLost.withLock { isLost in
            if !isLost { holdings.add(attempts, answering: number) }
            return !isLost
        }
        guard isOurs else { return }
        for attempt in attempts {
            if paused.withLock({ $0 }) {
                // Without a lease in hand nothing is begun.
                runner.settleWithoutBody(attempt, .handBack)
            } else {
                runner.start(attempt)
            }
        }
    }

    private func fetchSuspect() async {
        let request = ClaimRequest(
            incarnation: info.incarnation, number: 1, shares: settings.queues.map { QueueShare(queue: $0.queue, slots: 1) },
            limit: 1, suspects: true)
        do {
            begin(try await engine.claim(request), answering: 1)
        } catch {
            logger.error("cannot claim a suspect: \(error.message)")
        }
        while !Task.isCancelled && holdings.count > 0 { await holdings.awaitChange(atMost: .seconds(1)) }
    }
}

/// Hands alarms to whoever answers them, who is made after those that raise them.
private final class AsyncAlarm: Sendable {
    private let action = Mutex<(@Sendable (StuckBodies.Alarm) -> Void)?>(nil)
    func answer(_ action: @escaping @Sendable (StuckBodies.Alarm) -> Void) { self.action.withLock { $0 = action } }
    func raise(_ alarm: StuckBodies.Alarm) { action.withLock { $0 }?(alarm) }
}
