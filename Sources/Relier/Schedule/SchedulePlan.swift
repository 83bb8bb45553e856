/// What a scheduler has to do about one schedule now. Pure.
struct SchedulePlan: Equatable {
    /// The ticks to push, in order.
    var ticks: [TickTime] = []
    /// Up to where ticks are done with after that; `nil` when nothing has to be recorded.
    var settled: TickTime?
    /// The first tick after now.
    var next: TickTime?
    /// More ticks are due than one step takes.
    var isBehind = false
    /// Ticks older than the window were dropped.
    var hasDropped = false
    /// The clock was set back by more than the window: the schedule goes on from now.
    var wasSetBack = false

    /// - Parameters:
    ///   - settled: up to where ticks are done with.
    ///   - now: what the schedule's clock shows.
    ///   - window: how old a tick may be that is made up for, where `missed` does not say.
    ///   - limit: how many ticks to push at most; 1 or more.
    init(rule: ScheduleRule, missed: MissedTicks, settled: TickTime, now: TickTime, window: Duration, limit: Int) {
        let window = max(0, (missed.window ?? window).microseconds)
        if settled.microseconds.subtractingClamped(now.microseconds) > max(window, Self.leastSetBack) {
            // What lies that far ahead was recorded by a wrong clock. To wait for it would silence the schedule.
            self.settled = now
            wasSetBack = true
            next = rule.next(after: now)
            return
        }
        let oldest = TickTime(microseconds: now.microseconds.subtractingClamped(window))
        if let first = rule.next(after: settled), first < oldest { hasDropped = true }
        // A tick as old as the window still counts.
        var tick = rule.next(after: max(settled, TickTime(microseconds: oldest.microseconds.subtractingClamped(1))))
        while let due = tick, due <= now {
            if missed.choice == .latest {
                ticks = [due]
            } else if ticks.count == limit {
                isBehind = true
                break
            } else {
                ticks.append(due)
            }
            tick = rule.next(after: due)
        }
        next = tick
        self.settled = ticks.last ?? (hasDropped ? oldest : nil)
    }

    /// A clock that is set back by less is waited for: its ticks were pushed already.
    static let leastSetBack = Duration.minutes(5).microseconds
}

extension Int64 {
    fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : difference
    }
}
