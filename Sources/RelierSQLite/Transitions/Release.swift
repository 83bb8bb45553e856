import Foundation
import GRDB
import Relier

extension Store {
    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) throws -> ReleaseReport {
        var report = ReleaseReport()
        var left = max(1, limits.batch)
        var waitingAlone = try self.waitingAlone(upTo: limits.maxLoneTasks)
        for (number, incarnation) in try dead(target) {
            guard left > 0 else {
                report.remaining = true
                break
            }
            let room = try limits.maxRequeueDepth - waitingRecoveries(upTo: limits.maxRequeueDepth)
            let tasks = try held(by: number, limit: left + 1)
            if room <= 0 && !tasks.isEmpty {
                report.throttled = true
                report.remaining = true
                break
            }
            // Of several queues more may wait than are allowed; who holds nothing is forgotten all the same.
            let moved = tasks.prefix(max(0, min(left, room)))
            for task in moved { try release(task, death: death, limits: limits, waitingAlone: &waitingAlone, report: &report) }
            left -= moved.count
            if moved.count == tasks.count {
                try forget(incarnation, number: number)
            } else {
                report.remaining = true
                report.throttled = moved.count == room
            }
        }
        return report
    }

    /// The joined incarnations that the target means, if they are as dead as it says.
    private func dead(_ target: ReleaseTarget) throws -> [(Int64, Incarnation)] {
        switch target {
        case .incarnation(let incarnation, let counter):
            guard let worker = try joined(incarnation) else { return [] }
            let state = leases.state(of: incarnation)
            // A counter that cannot be read is not one that stood still.
            let isDead = state.holder == .gone || (counter != nil && state.counter == counter)
            return isDead ? [(worker.number, incarnation)] : []
        case .process(let process):
            return try db.rows(
                "SELECT number, incarnation.uuid FROM worker JOIN incarnation USING (number) WHERE worker.process = ? ORDER BY number",
                .id(process)
            ) { ($0.int(0), $0.id(1)) }
        }
    }

    /// How many tasks wait to run alone, counted no further than that.
    private func waitingAlone(upTo limit: Int) throws -> Int {
        let count = try db.row(
            "SELECT count(*) FROM (SELECT 1 FROM task WHERE state = \(StateNumber.suspect) LIMIT ?)", .int(max(0, limit))
        ) { $0.int(0) }
        return Int(count ?? 0)
    }

    /// How many recovered tasks wait, counted no further than that.
    private func waitingRecoveries(upTo limit: Int) throws -> Int {
        var count: Int64 = 0
        for queue in try db.rows("SELECT number FROM queue", transform: { $0.int(0) }) where count < limit {
            count +=
                try db.row(
                    "SELECT count(*) FROM (SELECT 1 FROM task WHERE state = 0 AND queue = ? AND recovered = 1 LIMIT ?)", .int(queue),
                    .int(limit), transform: { $0.int(0) }) ?? 0
        }
        return Int(count)
    }

    private func release(
        _ lost: RunningTask, death: Death, limits: ReleaseLimits, waitingAlone: inout Int, report: inout ReleaseReport
    ) throws {
        var task = lost
        let history = try history(
            of: task, outcome: "worker-gone", detail: death.label, recoveredBy: death.wasObserved ? "observed-death" : "lease-end")
        var record = try lossRecord(of: task)
        record.losses.forget(progressed: record.progressed(under: task.fence), at: now)
        let found = Fate.Case(record.losses, ranAlone: task.alone, waitingAlone: waitingAlone, limits: limits)
        let fate = Fate.of(death, found)
        if fate == .handBack {
            try requeue(task, alone: task.alone, recovered: task.recovered, settled: false, history: history)
            report.handedBack.append(task.id)
            return
        }
        record.losses.count(ranAlone: task.alone, at: now)
        task.resurrections = Int64(record.losses.inARow)
        try keep(record, of: task)
        switch fate {
        case .handBack, .requeue:
            try requeue(task, alone: false, recovered: true, settled: false, history: history)
            report.requeued.append(task.id)
        case .suspect:
            try requeue(task, alone: true, recovered: true, settled: false, history: history)
            report.suspects.append(task.id)
            waitingAlone += 1
        case .quarantine(let reason):
            let message = reason == "WorkerCrash" ? death.label : Fate.message(of: record.losses, limits: limits, death: death)
            try quarantine(task, reason: reason, message: message, history: history, settled: false)
            report.quarantined.append(task.id)
        }
    }

    func attach(_ report: CrashReport) throws {
        try db.run(
            "INSERT OR REPLACE INTO crash (process, report, at) VALUES (?, ?, ?)", .id(report.process),
            .text(String(decoding: try encoder.encode(report), as: UTF8.self)), .time(now))
    }

    /// Puts a dead letter back into its own queue.
    func releaseDeadLetter(_ id: TaskID, fresh: Bool) throws {
        let found = try db.row("SELECT seq, queue, key, flags FROM dead WHERE id = ?", .id(id)) {
            (seq: $0.int(0), queue: $0.int(1), key: $0.textOrNull(2), isLimited: $0.int(3) & Flag.limited != 0)
        }
        guard let found else { throw EngineError(.notFound, "no task \(id) is in the dead letter queue") }
        if let key = try keyKeptForBody(of: id) {
            throw EngineError(.conflict, "the body of \(id) still runs in its worker and holds the key '\(key)'; wait until it has ended")
        }
        var operation: String?
        if let key = found.key {
            switch try takeTaskKey(key, for: id) {
            case .taken(let name): operation = name
            case .held(let owner) where owner == id:
                throw EngineError(
                    .conflict, "the body of \(id) still runs in its worker and holds the key '\(key)'; wait until it has ended")
            case .held(let owner):
                throw EngineError(
                    .conflict, "the idempotency key '\(key)' of \(id) is held by the task \(owner) now; it was not released")
            }
        }
        try db.run(
            """
            INSERT INTO task (id, state, queue, fence, token, settled, resurrections, flags, history, kind, enqueued, result_ttl, key, key_ttl,
              operation, traceparent, checksum, payload, signer, signature)
            SELECT id, 0, queue, fence, token, settled, CASE WHEN ?1 THEN 0 ELSE resurrections END, flags & ~\(Flag.cancelling), history,
              kind, enqueued, result_ttl, key, key_ttl, ?2, traceparent, checksum, payload, signer, signature
            FROM dead WHERE seq = ?3
            """, .int(fresh ? 1 : 0), .text(orNull: operation), .int(found.seq))
        let seq = db.lastInsertedRowID
        if fresh { try db.run("UPDATE loss SET alone = 0, total = 0, at = NULL WHERE task = ?", .id(id)) }
        if found.isLimited {
            try db.run(
                "UPDATE task SET (\(Gate.columns)) = (SELECT \(Gate.columns) FROM dead WHERE seq = ?) WHERE seq = ?", .int(found.seq),
                .int(seq))
            try enter(seq)
        } else {
            effects.ready[found.queue, default: 0] += 1
        }
        try db.run("DELETE FROM dead WHERE seq = ?", .int(found.seq))
    }
}
