import GRDB
import Relier

/// A row among the live tasks that no push and no transition of Relier writes: foreign hands did. It is quarantined, never run, never dropped.
///
/// Only what an engine must not even hand out is judged here. Whether the bytes of a well-formed row are those that were pushed is for the worker that
/// claims it.
struct ForeignRecord {
    let seq: Int64
    let why: String

    /// Beyond what any task reaches, and far enough below the type's limit to count on.
    static let maxCount: Int64 = 1 << 31
    private static let maxFence: Int64 = 1 << 53

    static func clamped(_ count: Int64) -> Int64 { min(maxCount, max(0, count)) }

    /// What is wrong with the row of ``ClaimCandidate/select``; `nil` when it can be handed out.
    static func objection(to row: SQL, kind: KindName) -> String? {
        if kind == .missing { return "its kind \(row.int(2)) names no task" }
        if !(0..<maxFence).contains(row.int(4)) { return "its fence \(row.int(4)) is out of range" }
        if !(0..<maxCount).contains(row.int(5)) { return "its count of failures \(row.int(5)) is out of range" }
        if !(0..<maxCount).contains(row.int(6)) { return "its count of resurrections \(row.int(6)) is out of range" }
        return nil
    }
}

extension Database {
    /// The foreign records that no claim comes across, up to about `limit`. A few steps of an index for each queue, kind and worker; nothing is scanned.
    func foreignRecords(limit: Int) throws -> [ForeignRecord] {
        var found = try foreign(Schema.foreignState, limit: limit) { state in
            state == StateNumber.limited ? "it waits at a limit that it does not have" : "its state \(state) is none"
        }
        for condition in ["wall < 0", "wall > 1", "wall = 0 AND due IS NULL", "wall = 1 AND due IS NULL"] {
            found += try foreign("state = 1 AND \(condition)", limit: limit) { _ in "it is scheduled for no time that there is" }
        }
        found += try foreign("state = 4 AND awaited IS NULL", limit: limit) { _ in "it waits for no key" }
        // By the index of each state, one step for each different number in it.
        for (state, table) in [(0, "queue"), (3, "queue"), (5, "kind")] {
            for number in try numbers(of: table, state: state) where try !exists("SELECT 1 FROM \(table) WHERE number = ?", .int(number)) {
                found += try foreign("state = \(state) AND \(table) = ?", .int(number), limit: limit) { _ in
                    "its \(table) \(number) does not exist"
                }
            }
        }
        for queue in try rows("SELECT number FROM queue", transform: { $0.int(0) }) {
            for condition in ["recovered < 0", "recovered > 1"] {
                found += try foreign("state = 0 AND queue = ? AND \(condition)", .int(queue), limit: limit) { _ in
                    "it is neither queued nor recovered"
                }
            }
            for kind in try parkedKinds(queue: queue) where try self.kind(kind) == .missing {
                found += try foreign("state = 3 AND queue = ? AND kind = ?", .int(queue), .int(kind), limit: limit) { _ in
                    "its kind \(kind) names no task"
                }
            }
        }
        return found
    }

    private func foreign(
        _ condition: String, _ values: SQLValue..., limit: Int, why: (Int64) -> String
    ) throws -> [ForeignRecord] {
        try rows("SELECT seq, state FROM task WHERE \(condition) LIMIT ?", values: values + [.int(limit)]) {
            ForeignRecord(seq: $0.int(0), why: why($0.int(1)))
        }
    }

    /// The different numbers in a column that leads the index of a state.
    private func numbers(of column: String, state: Int) throws -> [Int64] {
        var numbers: [Int64] = []
        var next = try row("SELECT min(\(column)) FROM task WHERE state = \(state)", transform: { $0.intOrNull(0) }) ?? nil
        while let number = next {
            numbers.append(number)
            next =
                try row("SELECT min(\(column)) FROM task WHERE state = \(state) AND \(column) > ?", .int(number)) { $0.intOrNull(0) } ?? nil
        }
        return numbers
    }

    /// Whether a task stands as running that no joined incarnation holds.
    func hasUnheld() throws -> Bool { try !unheld().isEmpty }

    /// What stands in the place of the incarnation that holds a running task, and is none that is joined.
    fileprivate func unheld() throws -> [Int64?] {
        var found: [Int64?] = []
        if try exists("SELECT 1 FROM task WHERE state = 2 AND holder IS NULL LIMIT 1") { found.append(nil) }
        for number in try numbers(of: "holder", state: 2) where try !exists("SELECT 1 FROM worker WHERE number = ?", .int(number)) {
            found.append(number)
        }
        return found
    }
}

extension Store {
    func quarantineForeign(limit: Int, _ report: inout TendReport) throws {
        let records = try db.foreignRecords(limit: limit)
        for record in records.prefix(limit) { try quarantine(record) }
        report.foreign += min(records.count, limit)
        if records.count >= limit { report.remaining = true }
        for holder in try db.unheld() { try requeueUnheld(by: holder, limit: limit, &report) }
    }

    func quarantine(_ record: ForeignRecord) throws {
        let found = try db.row("\(RunningTask.select) WHERE seq = ?", .int(record.seq), transform: RunningTask.init)
        guard let task = found else { return }
        try quarantine(
            task, reason: "PayloadIntegrityError", message: "this record was not put there by Relier: \(record.why)", history: task.history,
            settled: false)
    }

    /// A task that seems to run and that nobody holds may be a real one: it is queued again, and looked at when it is claimed.
    private func requeueUnheld(by holder: Int64?, limit: Int, _ report: inout TendReport) throws {
        let tasks = try db.rows(
            "\(RunningTask.select) WHERE state = 2 AND holder IS ? ORDER BY seq LIMIT ?", .int(orNull: holder), .int(limit),
            transform: RunningTask.init)
        for task in tasks {
            try requeue(task, alone: false, recovered: true, settled: false, history: task.history)
        }
        if tasks.count == limit { report.remaining = true }
    }

    /// Copies a live task into the dead letter queue.
    ///
    /// Where its id is a dead letter's already, which only foreign hands bring about, it gets an id of its own rather than be dropped or stand in the way of all.
    func insertDead(_ task: RunningTask, reason: String, message: String, history: String?, settled: Bool) throws {
        func insert(as id: TaskID) throws -> Bool {
            try db.run(
                """
                INSERT INTO dead (id, kind, queue, reason, message, quarantined, holder, fence, token, settled, attempts, resurrections, flags,
                  enqueued, result_ttl, key, key_ttl, history, traceparent, checksum, payload, signer, signature, \(Gate.columns))
                SELECT ?1, kind, queue, ?2, ?3, ?4, holder, fence, token, ?5, ?6 + (fence > 0), ?7,
                  flags & \(Flag.checkpoint | Flag.limited | Flag.losses),
                  enqueued, result_ttl, key, key_ttl, ?8, traceparent, checksum, payload, signer, signature, \(Gate.columns)
                FROM task WHERE seq = ?9 ON CONFLICT (id) DO NOTHING
                """,
                .id(id), .text(reason), .text(message), .time(now), .int(settled ? 1 : 0), .int(task.failures), .int(task.resurrections),
                .text(orNull: history), .int(task.seq)) > 0
        }
        if try !insert(as: task.id) { _ = try insert(as: .next()) }
    }
}
