import Relier

extension DemoVerdict {
    /// Judges a run. The payment service's ledger decides what was charged and how often; the engine's histories only
    /// explain why a call came again: a body may call again once for each worker that was lost under it, and never else.
    init(_ evidence: DemoEvidence) {
        pushed = evidence.pushes.count
        kills = evidence.kills.count
        judgeTasks(evidence)
        judgeLedger(evidence)
        judgeRecovery(evidence)
        airports = Set(evidence.rows.map(\.iata)).count
        airportRowsRepeated = evidence.rows.count - airports
    }

    private mutating func judgeTasks(_ evidence: DemoEvidence) {
        let charged = Set(evidence.ledger.filter { $0.outcome == .charged }.map(\.customer))
        distinct = Set(evidence.pushes.map(\.task)).count
        for (customer, pushes) in Dictionary(grouping: evidence.pushes, by: \.customer) {
            let tasks = Set(pushes.map(\.task)).compactMap { evidence.tasks[$0] }
            let commits = tasks.flatMap(\.history).count { $0.outcome == "committed" }
            let ended = tasks.count { $0.state == .committed }
            committed += ended
            committedTwice += max(0, commits - 1)
            if ended == 0 || !charged.contains(customer) { lost += 1 }
        }
    }

    private mutating func judgeLedger(_ evidence: DemoEvidence) {
        var lostWorkers: [String: Int] = [:]
        for push in Dictionary(grouping: evidence.pushes, by: \.task).values.compactMap(\.first) {
            lostWorkers[push.customer, default: 0] += evidence.tasks[push.task]?.lostAttempts.count ?? 0
        }
        for calls in Dictionary(grouping: evidence.ledger, by: \.key).values {
            keysByCalls[calls.count, default: 0] += 1
        }
        for (customer, calls) in Dictionary(grouping: evidence.ledger, by: \.customer) {
            chargedTwice += max(0, calls.count { $0.outcome == .charged } - 1)
            unexplainedRepeatCalls += max(0, calls.count - 1 - (lostWorkers[customer] ?? 0))
        }
    }

    private mutating func judgeRecovery(_ evidence: DemoEvidence) {
        let killed = Dictionary(evidence.kills.map { ($0.incarnation, $0.time) }) { first, _ in first }
        var trapped: Set<Incarnation> = []
        for task in evidence.tasks.values {
            for attempt in task.lostAttempts {
                recoveredBy[attempt.recoveredBy ?? "unknown", default: 0] += 1
                lostWorkers[attempt.detail ?? "unknown", default: 0] += 1
                if let kill = killed[attempt.incarnation] {
                    if attempt.recoveredBy != "observed-death" { killsUnseen += 1 }
                    if let start = task.start(after: attempt) { recoveryTimes.append((start - kill).inMilliseconds) }
                } else {
                    trapped.insert(attempt.incarnation)
                }
            }
        }
        traps = trapped.count
        recoveryTimes.sort()
        let culprit = evidence.pushes.first { $0.customer == evidence.trapCustomer }.flatMap { evidence.tasks[$0.task] }
        let call = evidence.ledger.first { $0.customer == evidence.trapCustomer }
        if let call, let culprit, let attempt = culprit.lostAttempts.first(where: { trapped.contains($0.incarnation) }),
            let start = culprit.start(after: attempt)
        {
            // The body traps as soon as the service has answered.
            let crash = EngineTime(microseconds: call.time + evidence.ledgerClockOffset)
            trapRecoveryTime = (start - crash).inMilliseconds
        }
    }
}

extension DemoEvidence.TaskEnd {
    /// The attempts whose worker was lost.
    var lostAttempts: [AttemptRecord] { history.filter { $0.outcome == "worker-gone" } }

    /// When the attempt after this one started.
    func start(after attempt: AttemptRecord) -> EngineTime? {
        history.filter { $0.fence > attempt.fence }.min { $0.fence < $1.fence }?.start
    }
}

extension Duration {
    /// Milliseconds, to a tenth.
    var inMilliseconds: Double {
        let (seconds, attoseconds) = components
        return (Double(seconds) * 1e4 + Double(attoseconds) / 1e14).rounded() / 10
    }
}
