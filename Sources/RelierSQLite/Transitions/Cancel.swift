import Foundation
import GRDB
import Relier

extension Store {
    func cancel(_ id: TaskID, terminate: Bool) throws -> CancelReply {
        guard let task = try runningTask(id) else { return try answerForEnded(id) }
        if task.state == StateNumber.running && !terminate {
            if task.flags & Flag.cancelling == 0 { try setFlag(Flag.cancelling, of: task.seq) }
            return .afterThisRun
        }
        try endCancelled(task, holder: task.holder, history: task.history, settled: task.settled)
        return .cancelled
    }

    private func answerForEnded(_ id: TaskID) throws -> CancelReply {
        switch try db.status(of: id, now: now)?.state {
        case .cancelled: return .cancelled
        case .committed: throw EngineError(.conflict, "the task \(id) has committed; there is nothing to cancel")
        case .quarantined:
            throw EngineError(.conflict, "the task \(id) is in the dead letter queue and will not run; release it there, or leave it")
        default: throw EngineError(.notFound, "no task \(id) is known, or no longer kept")
        }
    }

    /// Moves a live task among the finished ones.
    ///
    /// - Parameters:
    ///   - holder: the incarnation in which its body still runs; its keys are kept until that has ended.
    ///   - history: without the attempt of `holder`, which the row itself tells of.
    ///   - settled: its own settlement did it, and may be sent again.
    func endCancelled(_ task: RunningTask, holder: Int64?, history: String?, settled: Bool) throws {
        let now = now.microseconds
        if let key = task.key { try freeTaskKey(key, owner: task.id, holder: holder) }
        if holder != nil { try keepSlots(of: task) }
        try forgetExtras(of: task, checkpoint: true, keyHolder: holder)
        try db.run("DELETE FROM task WHERE seq = ?", .int(task.seq))
        try db.run(
            """
            INSERT INTO finished
              (id, state, kind, queue, holder, fence, token, failures, resurrections, enqueued, started, ended, result_until, expiry, key,
               history, settled)
            VALUES (?, 7, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .id(task.id), .int(task.kind), .int(task.queue), .int(orNull: holder), .int(task.fence.number),
            .int(Int64(bitPattern: task.fence.token)), .int(task.failures), .int(task.resurrections), .int(task.enqueued),
            .int(orNull: task.started), .int(now), .int(now), .int(adding(retention.history.microseconds, to: now)),
            .text(orNull: task.key), .text(orNull: history), .int(settled ? 1 : 0))
        effects.ended.append(task.id)
    }

    func order(_ order: WorkerOrder, to incarnation: Incarnation) throws {
        guard let worker = try joined(incarnation) else {
            throw EngineError(.notFound, "no worker \(incarnation) is joined; 'worker status' lists those that are")
        }
        try db.run("UPDATE worker SET orders = ? WHERE number = ?", .text(order.rawValue), .int(worker.number))
    }

    /// Keeps what running bodies told of their progress.
    func note(_ progress: [TaskID: (fence: Fence, progress: TaskProgress)]) throws {
        for (id, told) in progress {
            guard let task = try runningTask(id), task.isHeld(under: told.fence) else { continue }
            try db.run(
                "INSERT OR REPLACE INTO progress (task, done, total) VALUES (?, ?, ?)", .id(id), .int(told.progress.done),
                .int(orNull: told.progress.total))
            if task.flags & Flag.progress == 0 { try setFlag(Flag.progress, of: task.seq) }
        }
    }
}

extension Database {
    func progress(of id: TaskID) throws -> TaskProgress? {
        try row("SELECT done, total FROM progress WHERE task = ?", .id(id)) { TaskProgress(done: $0.int(0), total: $0.intOrNull(1)) }
    }
}
