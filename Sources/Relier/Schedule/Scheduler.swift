public import Logging
public import ServiceLifecycle

/// How schedules are kept.
public struct SchedulingSettings: Sendable {
    /// How old a missed tick may be to be made up for, for schedules that do not say; zero or more. 1 h unless set.
    public var catchUpWindow: Duration
    /// How ticks are pushed.
    public var client: ClientSettings

    public init(catchUpWindow: Duration = .hours(1), client: ClientSettings = ClientSettings()) {
        self.catchUpWindow = catchUpWindow
        self.client = client
    }
}

/// Pushes periodic tasks when they are due. Any number may run: each tick is pushed once, by whoever is first.
///
/// A tick's record and its push are one step in the engine, so a scheduler may die at any moment and neither loses nor doubles one. When it starts, it
/// announces the schedules of its tasks: one that is new or has changed takes effect from that moment, one that its task has no more is withdrawn, and a scheduler
/// that still has the older definition does not tick it any more.
public struct Scheduler: Service {
    /// The longest pause between two looks: the wall clock may be set, or a schedule changed elsewhere, at any time.
    private static let longestPause = Duration.seconds(1)
    /// How many ticks of one schedule are pushed in one step.
    private static let maxTicks = 1000

    private let engine: any Engine
    private let tasks: [PeriodicTask]
    /// The names of tasks that have no schedule.
    private let others: Set<String>
    private let settings: SchedulingSettings
    private let client: Relier
    private let logger: Logger

    public init(
        engine: any Engine, tasks: TaskRegistry, settings: SchedulingSettings = SchedulingSettings(),
        logger: Logger = Logger(label: "relier.scheduler")
    ) {
        self.engine = engine
        self.tasks = tasks.periodic
        others = Set(tasks.entries.keys).subtracting(tasks.periodic.map(\.definition.name))
        self.settings = settings
        client = Relier(engine, settings: settings.client)
        self.logger = logger
    }

    /// Ticks until cancelled or gracefully shut down. An engine that is away is waited for.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await tickForEver() }
    }

    private func tickForEver() async {
        var isAnnounced = false
        var outage = OutageNotice()
        var replaced: Set<String> = []
        while !Task.isCancelled {
            var pause = Self.longestPause
            do {
                if !isAnnounced { try await announce() }
                isAnnounced = true
                pause = tasks.isEmpty ? .days(1) : try await pass(&replaced)
                _ = outage.succeeded()
            } catch {
                if Task.isCancelled { return }
                if outage.failed(at: .now) { logger.error("the schedules could not be looked at, trying again until it works: \(error)") }
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// Makes the schedules of this program known, where they are not.
    package func announce() async throws {
        let known = Dictionary(uniqueKeysWithValues: try await engine.schedules().schedules.map { ($0.definition.name, $0.definition) })
        let fresh = tasks.map(\.definition).filter { known[$0.name] != $0 }
        let withdrawn = known.keys.filter(others.contains).sorted()
        if fresh.isEmpty && withdrawn.isEmpty { return }
        try await engine.announceSchedules(fresh, withdrawing: withdrawn)
        for definition in fresh {
            logger.info("schedule of '\(definition.name)': \(definition.expression)\(definition.zone.map { " in \($0)" } ?? "")")
        }
        for name in withdrawn { logger.info("'\(name)' has no schedule any more") }
    }

    /// Pushes what is due now; answers how long to wait before the next look.
    /// - Parameter replaced: the schedules that were found defined otherwise, which is told once.
    package func pass(_ replaced: inout Set<String>) async throws -> Duration {
        let board = try await engine.schedules()
        let states = Dictionary(uniqueKeysWithValues: board.schedules.map { ($0.definition.name, $0) })
        var pause = Self.longestPause
        var due: [ScheduleTick] = []
        for task in tasks {
            let name = task.definition.name
            guard let state = states[name], state.definition == task.definition else {
                if replaced.insert(name).inserted {
                    logger.notice("the schedule of '\(name)' was changed or removed elsewhere; this process does not tick it any more")
                }
                continue
            }
            let now = board.time(for: task.definition)
            let plan = SchedulePlan(
                rule: task.rule, missed: task.missed, settled: state.settled, now: now, window: settings.catchUpWindow,
                limit: Self.maxTicks)
            report(plan, of: name)
            if let settled = plan.settled {
                do {
                    let pushed = try plan.ticks.map { try task.task(client, .tick(of: name, at: $0)) }
                    due.append(
                        ScheduleTick(
                            definition: task.definition, after: state.settled, settled: settled, latest: plan.ticks.last, tasks: pushed))
                } catch {
                    // The others' ticks must not wait for this one.
                    logger.error("the schedule of '\(name)' cannot push: \(error)")
                    continue
                }
            }
            if plan.isBehind { pause = .zero }
            if let next = plan.next { pause = min(pause, .microseconds(max(0, next.microseconds - now.microseconds))) }
        }
        if !due.isEmpty { report(try await engine.tick(due), of: due) }
        return pause
    }

    private func report(_ plan: SchedulePlan, of name: String) {
        if plan.hasDropped { logger.warning("ticks of '\(name)' were missed for longer than the catch-up window and are dropped") }
        if plan.wasSetBack {
            logger.warning(
                "the clock was set back behind the last tick of '\(name)' by more than the catch-up window; the schedule goes on from now")
        }
    }

    private func report(_ outcomes: [TickOutcome], of ticks: [ScheduleTick]) {
        for (tick, outcome) in zip(ticks, outcomes) {
            guard case .recorded(let pushes) = outcome else { continue }
            for (task, push) in zip(tick.tasks, pushes) {
                switch push {
                case .accepted: logger.debug("tick of '\(tick.definition.name)'", metadata: ["task": "\(task.envelope.id)"])
                // A tick is pushed without a policy: nothing rejects it.
                case .known, .rejected: break
                case .duplicate(let owner):
                    logger.notice(
                        "a tick of '\(tick.definition.name)' started nothing: its idempotency key is held", metadata: ["task": "\(owner)"])
                }
            }
        }
    }
}
