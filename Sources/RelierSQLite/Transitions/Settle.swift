import Foundation
import GRDB
import Relier

extension Store {
    func settle(_ settlements: [Settlement]) throws -> [SettleReply] {
        var replies: [SettleReply] = []
        replies.reserveCapacity(settlements.count)
        for settlement in settlements { replies.append(try settle(settlement)) }
        return replies
    }

    private func settle(_ settlement: Settlement) throws -> SettleReply {
        guard let task = try runningTask(settlement.task), task.isHeld(under: settlement.fence) else {
            return try db.wasSettled(settlement.task, under: settlement.fence) ? .done : .refused
        }
        if !task.gates.isEmpty && settlement.leavesBody { try keepSlots(of: task) }
        switch settlement.outcome {
        case .commit(let result):
            try commit(task, result: result)
        case .retry(let delay, let reason, let message):
            try retry(task, after: delay, reason: reason, message: message, keyHolder: settlement.leavesBody ? task.holder : nil)
        case .quarantine(let reason, let message, let keyHeld):
            try quarantine(
                task, reason: reason, message: message, history: try history(of: task, outcome: "quarantined", detail: reason),
                settled: true, keyHolder: keyHeld ? task.holder : nil)
        case .handBack:
            try handBack(task, outcome: "handed-back", settled: true)
        case .snooze(let key):
            try snooze(task, until: key)
        }
        return .done
    }

    /// One row out, one row in; what only some tasks have is touched only for those.
    private func commit(_ task: RunningTask, result: Data) throws {
        let now = now.microseconds
        var answers = task.resultTTL
        if let key = task.key, let keyTTL = task.keyTTL {
            try completeTaskKey(key, owner: task.id, until: adding(keyTTL, to: now))
            // Duplicates of a finished task are answered from its result, so it stays as long as the key does.
            answers = max(answers, keyTTL)
        }
        let resultUntil = adding(answers, to: now)
        let expiry = max(adding(retention.history.microseconds, to: now), resultUntil)
        try forgetExtras(of: task, checkpoint: true)
        hot.delete.bind(1, task.seq)
        try hot.delete.run()
        let finish = hot.finish
        finish.bind(1, task.id)
        finish.bind(2, StateNumber.committed)
        finish.bind(3, task.kind)
        finish.bind(4, task.queue)
        finish.bind(5, orNull: task.holder)
        finish.bind(6, task.fence.number)
        finish.bind(7, bits: task.fence.token)
        finish.bind(8, task.failures)
        finish.bind(9, task.resurrections)
        finish.bind(10, task.enqueued)
        finish.bind(11, orNull: task.started)
        finish.bind(12, now)
        finish.bind(13, resultUntil)
        // A small result may lie until the record goes; a large one is dropped at its own time.
        finish.bind(14, result.count > Self.largeResult ? resultUntil : expiry)
        finish.bind(15, orNull: task.key)
        finish.bind(16, orNull: task.history)
        finish.bind(17, result)
        try finish.run()
        effects.ended.append(task.id)
    }

    /// Bytes beyond which a result is dropped before its record.
    static let largeResult = 256

    /// - Parameter keyHolder: the incarnation in which its body still runs; if the task ends here, its keys are kept until that has ended.
    private func retry(_ task: RunningTask, after delay: Duration, reason: String, message: String, keyHolder: Int64?) throws {
        if task.flags & Flag.cancelling != 0, let keyHolder {
            return try endCancelled(task, holder: keyHolder, history: task.history, settled: true)
        }
        let detail = message.isEmpty ? reason : "\(reason): \(message)"
        let history = try history(of: task, outcome: "retry", detail: detail)
        if task.flags & Flag.cancelling != 0 { return try endCancelled(task, holder: nil, history: history, settled: true) }
        try startCountAnew(of: task)
        let due: Int64? = delay > .zero ? (now + delay).microseconds : nil
        try db.run(
            """
            UPDATE task SET state = ?, due = ?, wall = 0, failures = failures + 1, resurrections = 0, alone = 0, recovered = 0, settled = 1,
              holder = NULL, request = NULL, started = NULL, history = ? WHERE seq = ?
            """,
            .int(due == nil ? StateNumber.queued : StateNumber.scheduled), .int(orNull: due), .text(orNull: history), .int(task.seq))
        touched.formUnion(task.gates)
        if due != nil {
            announceDue(after: delay, in: task.queue)
            try clock.persist(in: db)
        } else if task.gates.isEmpty {
            effects.ready[task.queue, default: 0] += 1
        } else {
            try enter(task.seq, task.gates)
        }
    }

    /// Back to the head of its queue, or among the suspects, counting nothing.
    func handBack(_ task: RunningTask, outcome: String, settled: Bool) throws {
        try requeue(
            task, alone: task.alone, recovered: task.recovered, settled: settled,
            history: try history(of: task, outcome: outcome))
    }

    /// What waits holds no key taken by hand: otherwise two tasks could wait for each other for ever.
    private func snooze(_ task: RunningTask, until key: String) throws {
        if task.flags & Flag.manualKeys != 0 { try freeManualKeys(of: task.id, holder: nil) }
        guard let row = try idem(IdemKey.manual(key)), try isHeld(row) else {
            return try handBack(task, outcome: "snoozed", settled: true)
        }
        if task.flags & Flag.cancelling != 0 { return try handBack(task, outcome: "snoozed", settled: true) }
        try db.run(
            """
            UPDATE task SET state = 4, awaited = ?, settled = 1, holder = NULL, request = NULL, started = NULL, history = ? WHERE seq = ?
            """,
            .text(IdemKey.manual(key)), .text(orNull: try history(of: task, outcome: "snoozed", detail: "waits for the key '\(key)'")),
            .int(task.seq))
        touched.formUnion(task.gates)
    }

    /// Moves a live task into the dead letter queue, its checkpoint with it.
    ///
    /// - Parameters:
    ///   - settled: its own settlement did it, and may be sent again.
    ///   - keyHolder: the incarnation in which its body still runs; its keys are kept until that has ended.
    func quarantine(
        _ task: RunningTask, reason: String, message: String, history: String?, settled: Bool, keyHolder: Int64? = nil
    ) throws {
        if let key = task.key { try freeTaskKey(key, owner: task.id, holder: keyHolder) }
        try forgetExtras(of: task, checkpoint: false, keyHolder: keyHolder)
        try insertDead(task, reason: reason, message: message, history: history, settled: settled)
        try db.run("DELETE FROM task WHERE seq = ?", .int(task.seq))
        effects.ended.append(task.id)
    }

    /// Drops what stands beside a task that ends: children's ids, keys taken by hand, progress, slots in limits, and, unless it may come back, its checkpoint
    /// and its losses.
    func forgetExtras(of task: RunningTask, checkpoint: Bool, keyHolder: Int64? = nil) throws {
        guard task.flags != 0 else { return }
        touched.formUnion(task.gates)
        if checkpoint && task.flags & Flag.checkpoint != 0 {
            try db.run("DELETE FROM checkpoint WHERE task = ?", .id(task.id))
        }
        if checkpoint && task.flags & Flag.losses != 0 { try db.run("DELETE FROM loss WHERE task = ?", .id(task.id)) }
        if task.flags & Flag.progress != 0 { try db.run("DELETE FROM progress WHERE task = ?", .id(task.id)) }
        if task.flags & Flag.children != 0 { try db.run("DELETE FROM child WHERE parent = ?", .id(task.id)) }
        if task.flags & Flag.manualKeys != 0 { try freeManualKeys(of: task.id, holder: keyHolder) }
    }

    func saveCheckpoint(_ checkpoint: Checkpoint?, of id: TaskID, fence: Fence) throws {
        guard let task = try runningTask(id), task.isHeld(under: fence) else {
            throw EngineError(.fenced, "the task \(id) is not running under this fence any more; its checkpoint was not saved")
        }
        try noteSaved(checkpoint, of: task)
        switch checkpoint {
        case nil:
            try db.run("DELETE FROM checkpoint WHERE task = ?", .id(id))
            try db.run("UPDATE task SET flags = flags & ~\(Flag.checkpoint) WHERE seq = ?", .int(task.seq))
            return
        case .inline(let body):
            try db.run(
                "INSERT OR REPLACE INTO checkpoint (task, body, file, bytes) VALUES (?, ?, NULL, ?)", .id(id), .blob(body),
                .int(body.count))
        case .file(let name, let bytes):
            try db.run(
                "INSERT OR REPLACE INTO checkpoint (task, body, file, bytes) VALUES (?, NULL, ?, ?)", .id(id), .text(name), .int(bytes))
        }
        if task.flags & Flag.checkpoint == 0 { try setFlag(Flag.checkpoint, of: task.seq) }
    }

    /// The sum, held within the range.
    func adding(_ duration: Int64, to time: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(duration)
        return overflow ? .max : sum
    }
}

extension Settlement {
    /// Whether the body goes on although its attempt has ended.
    fileprivate var leavesBody: Bool {
        if case .quarantine(_, _, let keyHeld) = outcome { return keyHeld || bodyRuns }
        return bodyRuns
    }
}
