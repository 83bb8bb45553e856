public import Logging
public import ServiceLifecycle

/// How recovery is paced.
public struct ResurrectionSettings: Sendable {
    /// The longest pause between two sweeps; 10 ms or more. 500 ms unless set.
    public var interval: Duration
    public var limits: ReleaseLimits
    /// At most so many tasks are released a second; `nil` for no limit.
    public var rate: Int?
    /// After how long a task that no worker knows is quarantined as `UnregisteredTaskError`; `nil` for never.
    public var unregisteredAfter: Duration?
    /// Where to sweep files of tasks that are gone.
    public var checkpoints: CheckpointSettings

    public init(
        interval: Duration = .milliseconds(500), limits: ReleaseLimits = ReleaseLimits(), rate: Int? = nil,
        unregisteredAfter: Duration? = nil, checkpoints: CheckpointSettings = .inline()
    ) {
        self.interval = interval
        self.limits = limits
        self.rate = rate
        self.unregisteredAfter = unregisteredAfter
        self.checkpoints = checkpoints
    }
}

/// Sweeps: queues again what dead workers held, promotes what is due, drops what is no longer kept. Any number may run; each task is resurrected once.
public struct Resurrector: Service {
    private let engine: any Engine
    private let settings: ResurrectionSettings
    private let logger: Logger

    public init(
        engine: any Engine, settings: ResurrectionSettings = ResurrectionSettings(), logger: Logger = Logger(label: "relier.resurrector")
    ) {
        self.engine = engine
        self.settings = settings
        self.logger = logger
    }

    /// Sweeps until cancelled or gracefully shut down. An engine that is away is waited for.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            // Apart from each other: a release that is paced may take long, and what is due must not wait for it.
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await releaseForEver() }
                group.addTask { await tendForEver() }
            }
        }
    }

    private func releaseForEver() async {
        var observer = LeaseObserver()
        let clock = ContinuousClock()
        var outage = OutageNotice()
        while !Task.isCancelled {
            do {
                for (target, death) in observer.observe(try await engine.leases(), at: clock.now) {
                    try await Release(engine: engine, settings: settings, logger: logger).all(of: target, death: death)
                }
                if outage.succeeded() { logger.notice("looks for dead workers again") }
            } catch {
                if Task.isCancelled { return }
                if outage.failed(at: .now) { logger.error("looking for dead workers failed, trying again until it works: \(error)") }
                observer.reset()
            }
            try? await Task.sleep(for: interval)
        }
    }

    private func tendForEver() async {
        var filesSweptAt = ContinuousClock.now
        var outage = OutageNotice()
        while !Task.isCancelled {
            var pause = interval
            do {
                pause = try await tend(atMost: pause)
                if ContinuousClock.now - filesSweptAt > .seconds(60) {
                    filesSweptAt = .now
                    try await CheckpointStore(settings: settings.checkpoints).sweep(engine)
                }
                _ = outage.succeeded()
            } catch {
                if Task.isCancelled { return }
                if outage.failed(at: .now) { logger.error("housekeeping failed, trying again until it works: \(error)") }
            }
            try? await Task.sleep(for: pause)
        }
    }

    private var interval: Duration { max(.milliseconds(10), settings.interval) }

    private func tend(atMost pause: Duration) async throws -> Duration {
        let report = try await engine.tend(batch: settings.limits.batch, unregisteredAfter: settings.unregisteredAfter)
        if report.unregistered > 0 { logger.warning("\(report.unregistered) tasks that no worker knows were quarantined") }
        // What becomes due meanwhile is queued by the claim that takes it.
        return report.remaining ? .zero : pause
    }
}

/// Takes away what a dead worker held, at the set pace.
struct Release {
    let engine: any Engine
    let settings: ResurrectionSettings
    let logger: Logger

    /// - Returns: what became of the tasks, all calls together.
    @discardableResult
    func all(of target: ReleaseTarget, death: Death) async throws -> ReleaseReport {
        var total = ReleaseReport()
        while true {
            let report: ReleaseReport
            do {
                report = try await engine.release(target, death: death, limits: settings.limits)
            } catch {
                // It renewed, or somebody else released it.
                if error.code == .conflict || error.code == .notFound { return total }
                throw error
            }
            total.requeued += report.requeued
            total.suspects += report.suspects
            total.quarantined += report.quarantined
            total.handedBack += report.handedBack
            if report.count > 0 {
                logger.notice(
                    "a worker is gone (\(death.label)): \(report.requeued.count) tasks queued again, \(report.suspects.count) suspects, \(report.quarantined.count) quarantined"
                )
            }
            if !report.remaining { return total }
            let paced = settings.rate.map { Duration.seconds(Double(report.count) / Double(max(1, $0))) } ?? .zero
            try await Task.sleep(for: report.throttled ? max(paced, settings.interval) : paced)
        }
    }
}
