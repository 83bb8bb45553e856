import Foundation
import GRDB
import Relier

/// The listings of operators. Each page is found by its key, so that its cost does not grow with what lies before it.
extension Database {
    /// Live tasks in the order of their arrival, then dead letters, then finished ones, the newest first.
    func tasks(_ query: TaskQuery) throws -> Page<TaskSummary> {
        var cursor = try Cursor(query.after) ?? Cursor(section: .live, seq: 0)
        var items: [TaskSummary] = []
        let queue = try query.queue.map { queue in
            try row("SELECT number FROM queue WHERE name = ?", .text(queue.name)) { $0.int(0) } ?? -1
        }
        while true {
            if cursor.section.holds(query.state) {
                let limit = query.limit - items.count
                let found = try rows(of: cursor, query: query, queue: queue, limit: limit + 1)
                for (_, var task) in found.prefix(limit) {
                    if task.state == .waiting { task.waitsFor = try hindrance(of: task.id).text }
                    items.append(task)
                }
                if found.count > limit {
                    cursor.seq = found[limit - 1].0
                    return Page(items: items, next: cursor.text)
                }
            }
            guard let next = cursor.section.next else { return Page(items: items, next: nil) }
            cursor = Cursor(section: next, seq: next.start)
            if items.count == query.limit { return Page(items: items, next: cursor.text) }
        }
    }

    private func rows(of cursor: Cursor, query: TaskQuery, queue: Int64?, limit: Int) throws -> [(Int64, TaskSummary)] {
        guard query.state == .waiting else {
            return try rows(of: cursor, query: query, state: query.state?.number, queue: queue, limit: limit)
        }
        // Each kind of waiting has an index of its own.
        var found = try rows(of: cursor, query: query, state: StateNumber.waiting, queue: queue, limit: limit)
        found += try rows(of: cursor, query: query, state: StateNumber.limited, queue: queue, limit: limit)
        found.sort { $0.0 < $1.0 }
        return Array(found.prefix(limit))
    }

    private func rows(
        of cursor: Cursor, query: TaskQuery, state: Int64?, queue: Int64?, limit: Int
    ) throws -> [(Int64, TaskSummary)] {
        // The table is read in the order of its rows; only where few rows can match may an index choose them first.
        let isFew = [.running, .suspect, .waiting].contains(query.state)
        var sql = """
            SELECT t.seq, t.id, coalesce(kind.name, '?'), kind.version, coalesce(queue.name, '?'), \(cursor.section.columns)
            FROM \(cursor.section.table) t \(isFew ? "" : "NOT INDEXED")
            LEFT JOIN kind ON kind.number = t.kind LEFT JOIN queue ON queue.number = t.queue
            WHERE t.seq \(cursor.section.isNewestFirst ? "<" : ">") ?
            """
        var values: [SQLValue] = [.int(cursor.seq)]
        // Written out, since a parameter does not match the condition of a partial index.
        if let state { sql += " AND t.state = \(state)" }
        if let queue {
            sql += " AND t.queue = ?"
            values.append(.int(queue))
        }
        if let name = query.name {
            sql += " AND kind.name = ?"
            values.append(.text(name))
        }
        sql += " ORDER BY t.seq \(cursor.section.isNewestFirst ? "DESC" : "ASC") LIMIT ?"
        values.append(.int(limit))
        return try rows(sql, values: values, transform: Self.summary)
    }

    private static func summary(_ row: SQL) -> (Int64, TaskSummary) {
        (
            row.int(0),
            TaskSummary(
                id: row.id(1), name: row.text(2), version: Int(row.int(3)), queue: Queue(row.text(4)),
                state: row.isNull(5) ? .quarantined : TaskState(number: row.int(5)), attempt: Int(row.int(6)),
                resurrections: Int(row.int(7)), enqueuedAt: row.time(8), worker: row.textOrNull(9))
        )
    }

    func deadLetters(_ query: DeadLetterQuery) throws -> Page<DeadLetterSummary> {
        let cursor = try Cursor(query.after) ?? Cursor(section: .dead, seq: 0)
        let found: [(Int64, DeadLetterSummary)]
        if let name = query.name {
            // One list for each version of the name, each in the order of its index.
            let kinds = try rows("SELECT number FROM kind WHERE name = ?", .text(name)) { $0.int(0) }
            found = try kinds.flatMap { try deadLetters(after: cursor.seq, kind: $0, query: query) }.sorted { $0.0 < $1.0 }
        } else {
            found = try deadLetters(after: cursor.seq, kind: nil, query: query)
        }
        let next = found.count > query.limit ? Cursor(section: .dead, seq: found[query.limit - 1].0).text : nil
        return Page(items: found.prefix(query.limit).map(\.1), next: next)
    }

    private func deadLetters(after seq: Int64, kind: Int64?, query: DeadLetterQuery) throws -> [(Int64, DeadLetterSummary)] {
        var sql = """
            SELECT dead.seq, dead.id, coalesce(kind.name, '?'), coalesce(queue.name, '?'), reason, message, attempts, resurrections,
                   enqueued, quarantined
            FROM dead LEFT JOIN kind ON kind.number = dead.kind LEFT JOIN queue ON queue.number = dead.queue WHERE dead.seq > ?
            """
        var values: [SQLValue] = [.int(seq)]
        if let kind {
            sql += " AND dead.kind = ?"
            values.append(.int(kind))
        }
        if let reason = query.reason {
            sql += " AND reason = ?"
            values.append(.text(reason))
        }
        sql += " ORDER BY dead.seq LIMIT ?"
        values.append(.int(query.limit + 1))
        return try rows(sql, values: values) { row in
            (
                row.int(0),
                DeadLetterSummary(
                    id: row.id(1), name: row.text(2), queue: Queue(row.text(3)), reason: row.text(4), message: row.text(5),
                    attempts: Int(row.int(6)), resurrections: Int(row.int(7)), enqueuedAt: row.time(8), quarantinedAt: row.time(9))
            )
        }
    }

    func deadLetterReasons() throws -> [String: Int] {
        try Dictionary(
            uniqueKeysWithValues: rows("SELECT reason, count(*) FROM dead GROUP BY reason") { ($0.text(0), Int($0.int(1))) })
    }

    func workers() throws -> [WorkerSummary] {
        let decoder = JSONDecoder()
        return try rows(
            """
            SELECT info, joined, (SELECT count(*) FROM task WHERE state = 2 AND holder = worker.number), orders FROM worker ORDER BY number
            """
        ) { row in
            WorkerSummary(
                info: try decoder.decode(WorkerInfo.self, from: Data(row.text(0).utf8)), joinedAt: row.time(1), running: Int(row.int(2)),
                order: row.textOrNull(3).flatMap(WorkerOrder.init(rawValue:)))
        }
    }

    func queues() throws -> [QueueSummary] {
        var summaries: [QueueSummary] = []
        let scheduled = try counts("SELECT queue, count(*) FROM task WHERE state = 1 GROUP BY queue")
        let running = try counts("SELECT queue, count(*) FROM task WHERE state = 2 GROUP BY queue")
        let parked = try counts("SELECT queue, count(*) FROM task WHERE state = 3 GROUP BY queue")
        let waiting = try counts("SELECT queue, count(*) FROM task WHERE state = 4 GROUP BY queue")
        let limited = try counts("SELECT queue, count(*) FROM task WHERE state = 8 GROUP BY queue")
        let paused = try Dictionary(uniqueKeysWithValues: rows("SELECT queue, at FROM paused") { ($0.int(0), $0.time(1)) })
        let suspects = try counts("SELECT queue, count(*) FROM task WHERE state = 5 GROUP BY queue")
        let ready = "SELECT count(*) FROM task WHERE state = 0 AND queue = ? AND recovered = ?"
        for (number, name) in try rows("SELECT number, name FROM queue ORDER BY name", transform: { ($0.int(0), $0.text(1)) }) {
            let oldest = try row(
                "SELECT enqueued FROM task WHERE state = 0 AND queue = ? AND recovered = 0 ORDER BY seq LIMIT 1", .int(number)
            ) { $0.time(0) }
            let oldestRecovered = try row(
                "SELECT enqueued FROM task WHERE state = 0 AND queue = ? AND recovered = 1 ORDER BY seq LIMIT 1", .int(number)
            ) { $0.time(0) }
            summaries.append(
                QueueSummary(
                    queue: Queue(name), queued: try row(ready, .int(number), 0, transform: { Int($0.int(0)) }) ?? 0,
                    recovered: try row(ready, .int(number), 1, transform: { Int($0.int(0)) }) ?? 0, scheduled: scheduled[number] ?? 0,
                    running: running[number] ?? 0, parked: parked[number] ?? 0, suspects: suspects[number] ?? 0,
                    waiting: (waiting[number] ?? 0) + (limited[number] ?? 0), limited: limited[number] ?? 0,
                    oldest: [oldest, oldestRecovered].compactMap(\.self).min(), pausedAt: paused[number]))
        }
        return summaries
    }

    private func counts(_ sql: String) throws -> [Int64: Int] {
        try Dictionary(uniqueKeysWithValues: rows(sql) { ($0.int(0), Int($0.int(1))) })
    }
}

/// Where a page ended: a section of the listing and the row in it.
private struct Cursor {
    enum Section: String {
        case live, dead, finished

        var next: Section? {
            switch self {
            case .live: .dead
            case .dead: .finished
            case .finished: nil
            }
        }

        /// The position before its first row.
        var start: Int64 { isNewestFirst ? .max : 0 }

        func holds(_ state: TaskState?) -> Bool {
            guard let state else { return true }
            switch self {
            case .live: return !state.isEnd
            case .dead: return state == .quarantined
            case .finished: return state == .committed || state == .cancelled
            }
        }

        var isNewestFirst: Bool { self == .finished }

        var table: String {
            switch self {
            case .live: "task"
            case .dead: "dead"
            case .finished: "finished"
            }
        }

        /// State, attempt, resurrections, time of the push, worker.
        var columns: String {
            switch self {
            case .live:
                "t.state, t.failures + 1, t.resurrections, t.enqueued, (SELECT name FROM incarnation WHERE number = t.holder)"
            case .dead: "NULL, t.attempts, t.resurrections, t.enqueued, NULL"
            case .finished: "t.state, t.failures + 1, t.resurrections, t.enqueued, NULL"
            }
        }
    }

    var section: Section
    var seq: Int64

    init(section: Section, seq: Int64) {
        self.section = section
        self.seq = seq
    }

    init?(_ text: String?) throws {
        guard let text else { return nil }
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let section = Section(rawValue: String(parts[0])), let seq = Int64(parts[1]) else {
            throw EngineError(.notFound, "'\(text)' is not the end of a page; pass 'next' of the page before as it came")
        }
        self.init(section: section, seq: seq)
    }

    var text: String { "\(section.rawValue)-\(seq)" }
}
