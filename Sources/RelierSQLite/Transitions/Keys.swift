import Foundation
import GRDB
import Relier

/// Keys of tasks and keys taken by hand share a table, apart by their first letter.
enum IdemKey {
    static func task(_ key: String) -> String { "t:\(key)" }
    static func manual(_ key: String) -> String { "k:\(key)" }
}

/// One record of a key.
struct IdemRow {
    enum State: Int64 { case free = 0, claimed = 1, completed = 2 }
    let state: State
    let owner: TaskID
    /// The incarnation in which the body of a quarantined owner still runs.
    let holder: Int64?
    let operation: String?
    /// When a free or completed record stops meaning anything.
    let until: EngineTime
    let value: Data?
}

enum TaskKeyAnswer {
    case taken(operation: String)
    case held(by: TaskID)
}

extension Store {
    func idem(_ key: String) throws -> IdemRow? {
        let row = hot.key
        row.bind(1, key)
        defer { row.reset() }
        guard try row.step() else { return nil }
        return IdemRow(
            state: IdemRow.State(rawValue: row.int(0)) ?? .free, owner: row.id(1), holder: row.intOrNull(2),
            operation: row.textOrNull(3), until: row.time(4), value: row.blobOrNull(5))
    }

    /// Whether the key is claimed and its owner is alive: it has not ended, or its body still runs in a joined incarnation.
    func isHeld(_ row: IdemRow) throws -> Bool {
        guard row.state == .claimed else { return false }
        if try isLive(row.owner) { return true }
        guard let holder = row.holder else { return false }
        return try db.exists("SELECT 1 FROM worker WHERE number = ?", .int(holder))
    }

    /// Takes a task's idempotency key. The operation's name is that of the last claim, unless that one was committed since or is forgotten.
    func takeTaskKey(_ key: String, for id: TaskID) throws -> TaskKeyAnswer {
        let stored = IdemKey.task(key)
        var operation = TaskID.next().description
        if let row = try idem(stored) {
            switch row.state {
            case .completed:
                if row.until > now { return .held(by: row.owner) }
            case .claimed:
                if try isHeld(row) { return .held(by: row.owner) }
                operation = row.operation ?? operation
            case .free:
                if row.until > now { operation = row.operation ?? operation }
            }
        }
        hot.takeKey.bind(1, stored)
        hot.takeKey.bind(2, id)
        hot.takeKey.bind(3, operation)
        try hot.takeKey.run()
        return .taken(operation: operation)
    }

    func completeTaskKey(_ key: String, owner: TaskID, until: Int64) throws {
        hot.completeKey.bind(1, until)
        hot.completeKey.bind(2, IdemKey.task(key))
        hot.completeKey.bind(3, owner)
        try hot.completeKey.run()
    }

    /// A failure frees the key at once, or keeps it while the body still runs in `holder`. The operation's name stays for the next push.
    func freeTaskKey(_ key: String, owner: TaskID, holder: Int64?) throws {
        if let holder {
            try db.run(
                "UPDATE idem SET holder = ? WHERE key = ? AND owner = ? AND state = 1", .int(holder), .text(IdemKey.task(key)), .id(owner))
        } else {
            try db.run(
                "UPDATE idem SET state = 0, holder = NULL, until = ? WHERE key = ? AND owner = ? AND state = 1",
                .int(freeUntil), .text(IdemKey.task(key)), .id(owner))
        }
    }

    /// A free key remembers its operation as long as the dead letter that it came from is kept.
    private var freeUntil: Int64 { adding(retention.deadLetters.microseconds, to: now.microseconds) }

    func acquireKey(_ key: String, for id: TaskID, fence: Fence) throws -> KeyAnswer {
        guard let task = try runningTask(id), task.isHeld(under: fence) else {
            throw EngineError(.fenced, "the task \(id) is not running under this fence any more; it may not take the key '\(key)'")
        }
        let stored = IdemKey.manual(key)
        if let row = try idem(stored) {
            if row.state == .completed && row.until > now {
                // Those behind get the same answer: each wakes two, so that the line empties fast, and no faster than the value is found.
                try wakeTasks(waitingFor: stored, count: 2)
                return .completed(row.value)
            }
            if row.state == .claimed && row.owner == id { return .acquired }
            if try isHeld(row) { return .held(by: row.owner) }
        }
        try db.run("INSERT OR REPLACE INTO idem (key, state, owner, manual, until) VALUES (?, 1, ?, 1, 0)", .text(stored), .id(id))
        if task.flags & Flag.manualKeys == 0 { try setFlag(Flag.manualKeys, of: task.seq) }
        return .acquired
    }

    func settleKey(_ key: String, for id: TaskID, fence: Fence, value: KeyValue?) throws {
        let stored = IdemKey.manual(key)
        guard let task = try runningTask(id), task.isHeld(under: fence) else {
            throw EngineError(.fenced, "the task \(id) is not running under this fence any more; the key '\(key)' was not settled")
        }
        guard let row = try idem(stored), row.owner == id, row.state != .free else {
            throw EngineError(.fenced, "the task \(id) does not hold the key '\(key)'")
        }
        // Sent again after its reply was lost.
        if row.state == .completed { return }
        if let value {
            try db.run(
                "UPDATE idem SET state = 2, until = ?, value = ? WHERE key = ?",
                .int(adding(max(0, value.ttl.microseconds), to: now.microseconds)), value.value.map(SQLValue.blob) ?? .null, .text(stored))
        } else {
            try db.run("DELETE FROM idem WHERE key = ?", .text(stored))
        }
        try wakeTasks(waitingFor: stored)
    }

    /// Ends the claims that a task took by hand, when it ends; with `holder` they last until its body has ended there.
    func freeManualKeys(of owner: TaskID, holder: Int64?) throws {
        if let holder {
            try db.run("UPDATE idem SET holder = ? WHERE manual = 1 AND owner = ? AND state = 1", .int(holder), .id(owner))
            return
        }
        let keys = try db.rows("SELECT key FROM idem WHERE manual = 1 AND owner = ? AND state = 1", .id(owner)) { $0.text(0) }
        for key in keys {
            try db.run("DELETE FROM idem WHERE key = ?", .text(key))
            try wakeTasks(waitingFor: key)
        }
    }

    /// A key that the task took by hand and that is held for its body, which still runs although the task has ended.
    func keyKeptForBody(of owner: TaskID) throws -> String? {
        let kept = try db.row(
            """
            SELECT key FROM idem WHERE manual = 1 AND owner = ? AND state = 1 AND holder IS NOT NULL
              AND EXISTS (SELECT 1 FROM worker WHERE worker.number = idem.holder)
            """, .id(owner)
        ) { $0.text(0) }
        return kept.map { String($0.dropFirst(2)) }
    }

    /// Queues the oldest of the tasks that were snoozed until this key settles, before others one whose queue is not paused.
    ///
    /// One free key lets one task go on; whoever gives the key back wakes the next. Should the one that is woken never ask for the key, housekeeping wakes another.
    /// - Parameter count: how many to wake: more than one where each of them will find an answer.
    func wakeTasks(waitingFor key: String, count: Int = 1) throws {
        let waiting = try db.rows(
            """
            SELECT queue, alone, seq, flags FROM task WHERE state = \(StateNumber.waiting) AND awaited = ?
            ORDER BY queue IN (SELECT queue FROM paused), seq LIMIT ?
            """, .text(key), .int(count)
        ) { (queue: $0.int(0), alone: $0.int(1) != 0, seq: $0.int(2), isLimited: $0.int(3) & Flag.limited != 0) }
        for task in waiting {
            try db.run(
                "UPDATE task SET state = ?, awaited = NULL WHERE seq = ?", .int(task.alone ? StateNumber.suspect : StateNumber.queued),
                .int(task.seq))
            if task.alone {
                effects.wakeAll = true
            } else if task.isLimited {
                try enter(task.seq)
            } else {
                effects.ready[task.queue, default: 0] += 1
            }
        }
    }

    /// The body of a quarantined or cancelled task has ended: its keys are free.
    func bodyReturned(_ id: TaskID, fence: Fence) throws {
        try freeSlots(of: id, under: fence)
        let key = try db.row(
            """
            SELECT key FROM dead WHERE id = ?1 AND fence = ?2 AND token = ?3
            UNION ALL SELECT key FROM finished WHERE id = ?1 AND fence = ?2 AND token = ?3 AND state = 7
            """, .id(id), .int(fence.number), .int(Int64(bitPattern: fence.token))
        ) { $0.textOrNull(0) }
        // Not ended under this claim (any more): there is nothing that was kept for it.
        guard let key else { return }
        if let key { try freeTaskKey(key, owner: id, holder: nil) }
        try freeManualKeys(of: id, holder: nil)
    }

    /// Frees what was kept for bodies in an incarnation that has ended.
    func freeKeys(heldBy holder: Int64) throws {
        let kept = try db.rows("SELECT key, manual FROM idem WHERE holder = ?", .int(holder)) { ($0.text(0), $0.int(1) != 0) }
        for (key, manual) in kept {
            if manual {
                try db.run("DELETE FROM idem WHERE key = ?", .text(key))
                try wakeTasks(waitingFor: key)
            } else {
                try db.run("UPDATE idem SET state = 0, holder = NULL, until = ? WHERE key = ?", .int(freeUntil), .text(key))
            }
        }
    }
}
