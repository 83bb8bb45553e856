import Foundation
import Logging
import Synchronization

/// A worker's life under one incarnation: joined, claiming, running, until it drains or its lease is lost.
final class WorkerSession: Sendable {
    enum Signal: Sendable {
        case drain
        case handOver
        case gone
        case leaseEnded
        /// The fetcher has nothing more to do: the isolated run is over.
        case finished
    }

    enum End: Sendable {
        case left
        /// The lease was lost; join anew.
        case lost
    }

    let engine: any Engine
    let settings: WorkerSettings
    let info: WorkerInfo
    let holdings = Holdings()
    let committer: Committer
    let runner: BodyRunner
    let logger: Logger
    private let paused = Mutex(false)
    private let isLost = Mutex(false)
    /// A second order came during a drain.
    let hurried = Mutex(false)
    private let signal: AsyncStream<Signal>.Continuation
    private let signals: AsyncStream<Signal>

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
        let holdings = holdings
        committer = Committer(engine: engine, logger: logger) { [logger] attempt, outcome, reply in
            holdings.remove(attempt)
            if reply == .refused {
                logger.warning("a late write was refused: the task is another worker's", metadata: ["task": "\(attempt.id)"])
            } else if case .commit = outcome {
                checkpoints.remove(attempt.checkpoint)
            }
        }
        runner = BodyRunner(
            registry: registry, settings: settings, incarnation: info.incarnation, workerName: info.name,
            services: WorkerServices(client: Relier(engine, settings: settings.client), checkpoints: checkpoints),
            holdings: holdings, committer: committer, threads: threads)
        (signals, signal) = AsyncStream.makeStream()
    }

    /// Asks the session to end.
    func tell(_ order: Signal) {
        if order == .handOver {
            hurried.withLock { $0 = true }
            holdings.poke()
        }
        signal.yield(order)
    }

    /// Joins and works until told to stop.
    /// - Throws: ``EngineError`` when it cannot join.
    func run() async throws -> End {
        let joinedAt = ContinuousClock.now
        let holder = try await engine.join(info)
        let keeper = LeaseKeeper(
            holder: holder, lease: settings.lease, joinedAt: joinedAt, holdings: holdings, logger: logger
        ) { [self] event in heed(event) }
        logger.info("joined as \(info.incarnation)")
        let committing = Task { await committer.run() }
        let fetching = Task { await fetch() }
        let end = await obey(fetching)
        switch end {
        case .left:
            committer.close()
            // With the engine away the rest falls back to recovery, rather than hold up the exit.
            let patience = Task {
                try await Task.sleep(for: .seconds(3))
                committing.cancel()
            }
            await committing.value
            patience.cancel()
            do { try await engine.leave(info.incarnation) } catch { logger.warning("could not take leave: \(error.message)") }
            keeper.stop()
        case .lost:
            keeper.stop()
            committer.abandon()
            committing.cancel()
            await committing.value
        }
        return end
    }

    /// Waits for the order that ends the session, and carries it out.
    private func obey(_ fetching: Task<Void, Never>) async -> End {
        for await order in signals {
            switch order {
            case .finished, .handOver, .drain:
                fetching.cancel()
                await fetching.value
                await drain(from: order)
                return .left
            case .gone:
                logger.warning("the lease was lost; others have this worker's tasks by now")
                fetching.cancel()
                dropAll()
                await fetching.value
                await leaveIfBodiesRun(within: settings.lease / 4)
                return .lost
            case .leaseEnded:
                // Bodies were asked to stop a margin ago.
                fetching.cancel()
                dropAll()
                await leaveIfBodiesRun(within: .zero)
                await fetching.value
                return .lost
            }
        }
        return .left
    }

    /// Runs on the keeper's thread.
    private func heed(_ event: LeaseKeeper.Event) {
        switch event {
        case .lost(let lost):
            for (task, fence) in lost {
                guard let attempt = holdings.attempt(task), attempt.fence == fence, attempt.end(.lost) else { continue }
                logger.warning("the task is another worker's by now", metadata: ["task": "\(attempt.id)"])
                attempt.cancel()
                holdings.remove(attempt)
            }
        case .gone:
            // Here, since a drain under way reads no signals.
            dropAll()
            signal.yield(.gone)
        case .endangered:
            logger.error("the lease could not be renewed; bodies are asked to stop")
            paused.withLock { $0 = true }
            for attempt in holdings.attempts { attempt.cancel(draining: true) }
        case .safe:
            paused.withLock { $0 = false }
            holdings.poke()
        case .ended:
            // Decided here, on a thread that no body can starve.
            if settings.ownsProcess && holdings.busySlots > 0 {
                logger.critical("the lease has ended and bodies still run; leaving the process")
                _exit(Death.selfStopStatus)
            }
            dropAll()
            signal.yield(.leaseEnded)
        }
    }

    /// Gives up all that is held, and whatever a claim under way may still bring: others have it.
    private func dropAll() {
        isLost.withLock { $0 = true }
        for attempt in holdings.attempts {
            _ = attempt.end(.lost)
            attempt.cancel()
            holdings.remove(attempt)
        }
    }

    private func leaveIfBodiesRun(within margin: Duration) async {
        guard await !bodiesReturned(by: .now + margin), settings.ownsProcess else { return }
        logger.critical("\(holdings.busySlots) bodies of tasks that are not this worker's any more do not stop; leaving the process")
        _exit(Death.selfStopStatus)
    }

    /// Waits for slots to be freed; `false` when the time was up first.
    func bodiesReturned(by deadline: ContinuousClock.Instant) async -> Bool {
        await holdings.wait(until: deadline) { $0.busySlots == 0 }
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
        var pause = Duration.milliseconds(20)
        let queues = settings.queues.map(\.queue)
        while !Task.isCancelled {
            let free = settings.concurrency - holdings.busySlots
            let congested = committer.backlog > max(1000, 2 * settings.concurrency)
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
                pause = .milliseconds(20)
                var taken: [Queue: Int] = [:]
                for task in claimed { taken[task.queue, default: 0] += 1 }
                shares.charge(taken)
                if claimed.isEmpty { await engine.awaitWork(info.incarnation, queues: queues, timeout: .seconds(5)) }
            } catch {
                // Whatever it claimed is queued again by the next renewal.
                holdings.add([], answering: number)
                if error.code == .fenced {
                    signal.yield(.gone)
                    return
                }
                if !Task.isCancelled { logger.error("cannot claim, trying again: \(error.message)") }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
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
            if paused.withLock({ $0 }) { attempt.cancel(draining: true) }
            runner.start(attempt)
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
