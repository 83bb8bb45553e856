import Foundation
import GRDB
import Relier

/// What a settlement needs to know of a live task.
struct RunningTask {
    let seq: Int64
    let id: TaskID
    let state: Int64
    let queue: Int64
    let recovered: Bool
    let alone: Bool
    let holder: Int64?
    let fence: Fence
    let settled: Bool
    let started: Int64?
    let failures: Int64
    /// Workers lost in a row; what it is to be when the task is stored.
    var resurrections: Int64
    let flags: Int64
    let kind: Int64
    let enqueued: Int64
    let resultTTL: Int64
    let key: String?
    let keyTTL: Int64?
    let history: String?
    /// Empty for a task without limits.
    let gates: [Gate]

    static let select = """
        SELECT seq, id, state, queue, recovered, alone, holder, fence, token, settled, started, failures, resurrections, flags, kind,
               enqueued, result_ttl, key, key_ttl, history, \(Gate.columns)
        FROM task
        """

    init(_ row: SQL) {
        seq = row.int(0)
        id = row.id(1)
        state = row.int(2)
        queue = row.int(3)
        recovered = row.int(4) != 0
        alone = row.int(5) != 0
        holder = row.intOrNull(6)
        fence = Fence(number: row.int(7), token: row.bits(8))
        settled = row.int(9) != 0
        started = row.intOrNull(10)
        // Within what no transition leaves, so that adding to a value of foreign hands cannot overflow.
        failures = ForeignRecord.clamped(row.int(11))
        resurrections = ForeignRecord.clamped(row.int(12))
        flags = row.int(13)
        kind = row.int(14)
        enqueued = row.int(15)
        resultTTL = row.int(16)
        key = row.textOrNull(17)
        keyTTL = row.intOrNull(18)
        history = row.textOrNull(19)
        gates = flags & Flag.limited == 0 ? [] : Gate.read(row, from: 20)
    }

    /// Whether this claim is the one that runs it now.
    func isHeld(under fence: Fence) -> Bool { state == StateNumber.running && self.fence == fence }
}

extension Store {
    /// The live task of that id, in whatever state.
    func runningTask(_ id: TaskID) throws -> RunningTask? {
        hot.running.bind(1, id)
        defer { hot.running.reset() }
        return try hot.running.step() ? RunningTask(hot.running) : nil
    }

    /// The tasks that an incarnation holds, oldest first.
    func held(by holder: Int64, limit: Int) throws -> [RunningTask] {
        try db.rows(
            "\(RunningTask.select) WHERE state = 2 AND holder = ? ORDER BY seq LIMIT ?", .int(holder), .int(limit),
            transform: RunningTask.init)
    }

    /// The task's history with its current attempt ended.
    func history(
        of task: RunningTask, outcome: String, detail: String? = nil, recoveredBy: String? = nil
    ) throws -> String? {
        guard let holder = task.holder else { return task.history }
        let label = try label(of: holder)
        let record = AttemptRecord(
            incarnation: label.incarnation, worker: label.worker, fence: task.fence.number,
            start: EngineTime(microseconds: task.started ?? 0), end: now, outcome: outcome, detail: detail, recoveredBy: recoveredBy)
        return try History.appending(record, to: task.history, encoder: encoder)
    }

    /// Puts a task that stops running back where its next worker finds it, and says so to those who wait.
    ///
    /// - Parameter settled: its own settlement did it, and may be sent again.
    func requeue(_ task: RunningTask, alone: Bool, recovered: Bool, settled: Bool, history: String?) throws {
        if task.flags & Flag.cancelling != 0 { return try endCancelled(task, holder: nil, history: history, settled: settled) }
        if task.flags & Flag.progress != 0 { try db.run("DELETE FROM progress WHERE task = ?", .id(task.id)) }
        try db.run(
            """
            UPDATE task SET state = ?, alone = ?, recovered = ?, resurrections = ?, settled = ?, holder = NULL,
              request = NULL, started = NULL, history = ? WHERE seq = ?
            """,
            .int(alone ? StateNumber.suspect : StateNumber.queued), .int(alone ? 1 : 0), .int(recovered ? 1 : 0),
            .int(task.resurrections), .int(settled ? 1 : 0), .text(orNull: history), .int(task.seq))
        if alone {
            effects.wakeAll = true
        } else if task.gates.isEmpty {
            effects.ready[task.queue, default: 0] += 1
        } else {
            try enter(task.seq, task.gates)
        }
    }
}

/// A task's ended attempts: JSON objects with commas between, so that adding one does not read the others.
enum History {
    /// Beyond that many bytes the older half of a history is dropped: a task that is snoozed for days must not grow without bound.
    private static let maxBytes = 128 * 1024

    static func appending(_ record: AttemptRecord, to history: String?, encoder: JSONEncoder) throws -> String {
        let added = String(decoding: try encoder.encode(record), as: UTF8.self)
        guard var history, !history.isEmpty else { return added }
        if history.utf8.count > maxBytes {
            let kept = records(history).suffix(100)
            history = try kept.map { String(decoding: try encoder.encode($0), as: UTF8.self) }.joined(separator: ",")
        }
        return "\(history),\(added)"
    }

    static func records(_ history: String?) -> [AttemptRecord] {
        guard let history, !history.isEmpty else { return [] }
        return (try? JSONDecoder().decode([AttemptRecord].self, from: Data("[\(history)]".utf8))) ?? []
    }
}
