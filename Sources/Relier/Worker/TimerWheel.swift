/// Values that fall due at points in time, by buckets of a grid: adding one and taking it back cost the same however many there are. Pure.
///
/// Most timers of a worker are taken back long before they are due. The grid is a 512th of the delay, at least 10 ms, so that a value is late by no
/// more than that and long delays share few buckets.
struct TimerWheel<Value> {
    struct Ticket: Sendable, Hashable {
        fileprivate let tick: Int64
        fileprivate let number: Int
    }

    /// In milliseconds.
    static var grain: Int64 { 10 }
    private let origin: ContinuousClock.Instant
    private var buckets: [Int64: [Int: Value]] = [:]
    /// The ticks of all buckets, rising; one whose bucket was emptied stays until its time.
    private var ticks: [Int64] = []
    private var lastNumber = 0

    init(origin: ContinuousClock.Instant) { self.origin = origin }

    /// - Returns: the ticket that takes it back.
    mutating func add(_ value: Value, at time: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Ticket {
        let grid = max(Self.grain, milliseconds(time - now) / 512 / Self.grain * Self.grain)
        let tick = (milliseconds(time - origin) + grid) / grid * grid
        lastNumber += 1
        if buckets[tick] == nil {
            buckets[tick] = [:]
            let place = ticks.partition(before: tick)
            if place == ticks.endIndex || ticks[place] != tick { ticks.insert(tick, at: place) }
        }
        buckets[tick]?[lastNumber] = value
        return Ticket(tick: tick, number: lastNumber)
    }

    mutating func remove(_ ticket: Ticket) {
        buckets[ticket.tick]?[ticket.number] = nil
        if buckets[ticket.tick]?.isEmpty == true { buckets[ticket.tick] = nil }
    }

    /// When the next value is due; `nil` when there is none.
    var next: ContinuousClock.Instant? {
        ticks.first { buckets[$0] != nil }.map { origin + .milliseconds($0) }
    }

    /// Takes out what is due, in the order of its time.
    mutating func due(at now: ContinuousClock.Instant) -> [Value] {
        let reached = milliseconds(now - origin)
        let count = ticks.prefix { $0 <= reached }.count
        if count == 0 { return [] }
        let due = ticks[..<count].flatMap { tick in
            (buckets.removeValue(forKey: tick) ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
        ticks.removeFirst(count)
        return due
    }

    private func milliseconds(_ duration: Duration) -> Int64 { duration.microseconds / 1000 }
}

extension [Int64] {
    /// The index of the first element that is not less, by halving.
    fileprivate func partition(before value: Int64) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
