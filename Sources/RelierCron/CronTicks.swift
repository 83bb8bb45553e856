package import Foundation

extension CronExpression {
    /// The first tick after a date, in a time zone; `nil` when there is none in the next 400 years.
    ///
    /// Where the clocks are changed, the rule is that of cron(8) of ISC cron 4.1 (Vixie cron, cronie). An expression with fixed times (neither minute nor hour begins with `*`)
    /// ticks once at the first instant after a gap for all its times in the gap, and at the first of two equal times. An expression that
    /// ``followsRealTime`` has no tick in a gap, and one at each of two equal times.
    package func next(after date: Date, in zone: TimeZone) -> Date? {
        let seconds = date.timeIntervalSince1970
        guard abs(seconds) < 1e11 else { return nil }
        let after = Int(seconds.rounded(.down))
        // A day early: where the clocks change at midnight, the day before may have ticks to come.
        let first = CivilDay.floored(after + zone.offset(at: after), 86_400) - 1
        var from = first
        while let day = day(from: from, through: first + 146_097) {
            let offsets = zone.offsets(on: day)
            if let tick = tick(on: day, after: after, zone, offsets) {
                // Set back over midnight, the next day's first minutes come before the second end of this one.
                let isLast = offsets.count == 1 || self.day(from: day + 1, through: day + 1) == nil
                let other = isLast ? nil : self.tick(on: day + 1, after: after, zone, zone.offsets(on: day + 1))
                return Date(timeIntervalSince1970: Double(min(tick, other ?? tick)))
            }
            from = day + 1
        }
        return nil
    }

    /// The first instant of that day after another.
    private func tick(on day: Int, after: Int, _ zone: TimeZone, _ offsets: [Int]) -> Int? {
        let midnight = day * 86_400
        var first: Int?
        for hour in 0..<24 where hours & 1 << UInt64(hour) != 0 {
            // With one offset the ticks are in order: the first that fits is the first of all.
            if offsets.count == 1, midnight + (hour + 1) * 3600 - offsets[0] <= after { continue }
            for minute in 0..<60 where minutes & 1 << UInt64(minute) != 0 {
                let local = midnight + hour * 3600 + minute * 60
                if offsets.count == 1 {
                    if local - offsets[0] > after { return local - offsets[0] }
                } else {
                    for instant in instants(of: local, zone, offsets) where instant > after { first = min(first ?? instant, instant) }
                }
            }
        }
        return first
    }

    /// When the clock on the wall shows this time, or what stands for it, where the offset changes.
    private func instants(of local: Int, _ zone: TimeZone, _ offsets: [Int]) -> [Int] {
        let shown = offsets.map { local - $0 }.filter { zone.offset(at: $0) == local - $0 }.sorted()
        if followsRealTime { return shown }
        return [shown.first ?? zone.change(after: local - offsets[offsets.count - 1], through: local - offsets[0])]
    }
}

extension TimeZone {
    /// Seconds east of Greenwich.
    fileprivate func offset(at instant: Int) -> Int {
        secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }

    /// The offsets that may hold on a day, in rising order. Clocks are 12 h behind to 14 h ahead of Greenwich.
    fileprivate func offsets(on day: Int) -> [Int] {
        let midnight = day * 86_400
        return Set(stride(from: midnight - 16 * 3600, through: midnight + 38 * 3600, by: 6 * 3600).map(offset(at:))).sorted()
    }

    /// The first instant after `early` with another offset.
    fileprivate func change(after early: Int, through late: Int) -> Int {
        let offset = offset(at: early)
        var (low, high) = (early, late)
        while high - low > 1 {
            let middle = (low + high) / 2
            if self.offset(at: middle) == offset { low = middle } else { high = middle }
        }
        return high
    }
}
