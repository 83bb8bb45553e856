/// Decides when a worker outside a supervisor empties itself for suspects: when so many or more have waited for the whole patience, so nobody takes them. Pure.
struct SuspectWatch {
    /// Doubled each time that the worker emptied itself and could run none, up to an hour.
    private(set) var patience: Duration
    private var since: ContinuousClock.Instant?
    private var waiting = 0

    init(patience: Duration) { self.patience = patience }

    /// How often to look.
    var interval: Duration { max(.milliseconds(50), min(patience / 4, .seconds(10))) }

    /// Whether it is this worker's turn.
    mutating func look(waiting now: Int, at instant: ContinuousClock.Instant) -> Bool {
        // Fewer than before: somebody takes them.
        if now == 0 || now < waiting || since == nil { since = now == 0 ? nil : instant }
        waiting = now
        guard let since, instant - since >= patience else { return false }
        return true
    }

    mutating func tookTurn(inVain: Bool) {
        since = nil
        waiting = 0
        if inVain { patience = min(patience * 2, max(patience, .seconds(3600))) }
    }
}
