/// When a worker process is started again: the first time without a pause, then after growing ones while it keeps dying young. Pure.
struct RestartPlan {
    /// A process that lived so long starts the count anew.
    static let young = Duration.seconds(10)
    static let longest = Duration.seconds(30)
    private(set) var deaths = 0

    /// - Parameters:
    ///   - uptime: how long the process lived.
    ///   - cleanly: it was told to leave and did, or left for want of a lease; no sign of trouble unless it comes at once.
    /// - Returns: the pause before the next start: 0, then 100 ms doubling up to 30 s.
    mutating func died(after uptime: Duration, cleanly: Bool = false) -> Duration {
        if cleanly && uptime >= .milliseconds(200) { return .zero }
        if uptime >= Self.young { deaths = 0 }
        deaths += 1
        if deaths == 1 { return .zero }
        return min(Self.longest, .milliseconds(100) * (1 << min(deaths - 2, 10)))
    }
}

/// How many processes to start for suspects. Pure.
///
/// Suspects that nobody here can run would have processes started for ever; while their number does not fall, the pauses grow.
struct IsolationPlan {
    let limit: Int
    private var waitingBefore = 0
    private var fruitless = 0
    private var notBefore: ContinuousClock.Instant?

    init(limit: Int) { self.limit = limit }

    /// - Parameters:
    ///   - waiting: suspects that wait.
    ///   - running: processes for suspects that run now.
    mutating func start(waiting: Int, running: Int, at now: ContinuousClock.Instant) -> Int {
        if waiting == 0 {
            waitingBefore = 0
            fruitless = 0
            notBefore = nil
            return 0
        }
        if let notBefore, now < notBefore { return 0 }
        let count = max(0, min(limit - running, waiting))
        if count == 0 { return 0 }
        fruitless = waiting < waitingBefore || waitingBefore == 0 ? 0 : fruitless + 1
        waitingBefore = waiting
        notBefore = fruitless > 3 ? now + min(.seconds(30), .milliseconds(250) * (1 << min(fruitless - 3, 7))) : nil
        return count
    }
}
