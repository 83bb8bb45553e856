public import Foundation

/// A point on a schedule's clock, in microseconds since 1970-01-01T00:00Z: the wall clock for a cron expression, the engine's clock for an interval.
public struct TickTime: Sendable, Hashable, Comparable, Codable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (left: TickTime, right: TickTime) -> Bool { left.microseconds < right.microseconds }

    /// The same point as a date.
    public var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1e6) }
}

/// A schedule as an engine keeps it. Two are the same schedule when all their members are equal.
public struct ScheduleDefinition: Sendable, Hashable, Codable {
    /// The name of the task that it pushes; one schedule a name.
    public var name: String
    /// A cron expression, or `@every 90s`.
    public var expression: String
    /// The time zone of a cron expression, which follows the wall clock. `nil` for an interval, which follows the engine's clock.
    public var zone: String?

    public init(name: String, expression: String, zone: String?) {
        self.name = name
        self.expression = expression
        self.zone = zone
    }
}

/// What an engine knows of one schedule.
public struct ScheduleState: Sendable, Hashable {
    public var definition: ScheduleDefinition
    /// Ticks up to here are done with. At first the moment at which the schedule was announced.
    public var settled: TickTime
    /// The last tick that was pushed; `nil` before the first.
    public var lastTick: TickTime?
    /// The task that the last tick became.
    public var lastTask: TaskID?
    /// When the schedule was first announced as it is.
    public var announcedAt: EngineTime

    public init(
        definition: ScheduleDefinition, settled: TickTime, lastTick: TickTime?, lastTask: TaskID?, announcedAt: EngineTime
    ) {
        self.definition = definition
        self.settled = settled
        self.lastTick = lastTick
        self.lastTask = lastTask
        self.announcedAt = announcedAt
    }
}

/// All schedules, and what the clocks show that they follow.
public struct ScheduleBoard: Sendable {
    /// The engine's clock.
    public var now: EngineTime
    /// The wall clock.
    public var wall: TickTime
    /// In the order of their names.
    public var schedules: [ScheduleState]

    public init(now: EngineTime, wall: TickTime, schedules: [ScheduleState]) {
        self.now = now
        self.wall = wall
        self.schedules = schedules
    }

    /// What the clock shows that a schedule follows.
    public func time(for definition: ScheduleDefinition) -> TickTime {
        definition.zone == nil ? TickTime(microseconds: now.microseconds) : wall
    }
}

/// Ticks of one schedule, to be recorded and pushed in one step.
public struct ScheduleTick: Sendable {
    public var definition: ScheduleDefinition
    /// ``ScheduleState/settled`` as it was when this was decided.
    public var after: TickTime
    /// What it becomes; earlier than ``after`` only where the wall clock was set back.
    public var settled: TickTime
    /// The latest tick that is pushed; `nil` when there is none.
    public var latest: TickTime?
    /// What to push, a task a tick.
    public var tasks: [NewTask]

    public init(definition: ScheduleDefinition, after: TickTime, settled: TickTime, latest: TickTime?, tasks: [NewTask]) {
        self.definition = definition
        self.after = after
        self.settled = settled
        self.latest = latest
        self.tasks = tasks
    }
}

/// What became of ticks.
public enum TickOutcome: Sendable, Hashable {
    /// Recorded, and each task pushed, with these outcomes.
    case recorded([PushOutcome])
    /// Another scheduler was first, or the schedule was changed or withdrawn since. Nothing changed.
    case refused
}
