import Foundation
import GRDB
import Relier

/// What waits for a housekeeper, read before anything is written: an idle system must cost no writes.
struct Chores: Sendable {
    /// How old the stored pair of clocks may grow.
    static let clockAge = Duration.seconds(10)
    /// How long starts lie around that count towards no rate any more, so that dropping them is no work for each.
    static let startAge = Duration.seconds(60)
    /// How many keys at which tasks wait one call looks at, lest one was forgotten.
    static let forgotten = 50

    var anyDue = false
    var nextDue: EngineTime?
}

extension Database {
    func chores(clock: EngineClock, retention: Retention, unregisteredAfter: Duration?) throws -> Chores {
        let now = clock.now
        var chores = Chores()
        chores.nextDue = try nextDue(clock)
        if let due = chores.nextDue, due <= now {
            chores.anyDue = true
            return chores
        }
        let old = now + (.zero - retention.deadLetters)
        chores.anyDue =
            try exists("SELECT 1 FROM finished WHERE expiry <= ? LIMIT 1", .time(now))
            || exists("SELECT 1 FROM idem WHERE state <> 1 AND until <= ? LIMIT 1", .time(now))
            || exists("SELECT 1 FROM (SELECT quarantined FROM dead ORDER BY seq LIMIT 1) WHERE quarantined <= ?", .time(old))
            || exists("SELECT 1 FROM crash WHERE at <= ? LIMIT 1", .time(now + (.zero - retention.crashReports)))
            || exists("\(Self.orphans) LIMIT 1")
            || exists("SELECT 1 FROM task WHERE state = 8 LIMIT 1")
            || exists("SELECT 1 FROM start WHERE until <= ? LIMIT 1", .time(now + (.zero - Chores.startAge)))
            || exists("SELECT 1 FROM meta WHERE name = 'engine' AND CAST(value AS INTEGER) <= ?", .time(now + (.zero - Chores.clockAge)))
        if !chores.anyDue { chores.anyDue = try !foreignRecords(limit: 1).isEmpty || hasUnheld() }
        if !chores.anyDue, let limit = unregisteredAfter {
            chores.anyDue = try exists("SELECT 1 FROM task WHERE state = 3 AND due <= ? LIMIT 1", .time(now + (.zero - limit)))
        }
        return chores
    }

    /// When the next scheduled task is due on the engine's clock; not later than now when one is.
    func nextDue(_ clock: EngineClock) throws -> EngineTime? {
        let now = clock.now
        func first(_ sql: String) throws -> Int64? { try row(sql, transform: { $0.intOrNull(0) }) ?? nil }
        let delayed = try first("SELECT min(due) FROM task WHERE state = 1 AND wall = 0").map(EngineTime.init(microseconds:))
        let dated = try first("SELECT min(due) FROM task WHERE state = 1 AND wall = 1").map { due in
            let (pause, overflow) = due.subtractingReportingOverflow(clock.wall)
            return now + .microseconds(overflow ? Int64.max : pause)
        }
        let limited = try first("SELECT min(at) FROM alarm").map(EngineTime.init(microseconds:))
        return [delayed, dated, limited].compactMap(\.self).min()
    }

    /// The keys that tasks wait for although nobody holds them.
    static let orphans = """
        SELECT awaited FROM task AS waiter WHERE state = 4 AND NOT EXISTS (
          SELECT 1 FROM idem WHERE idem.key = waiter.awaited AND idem.state = 1 AND (
            EXISTS (SELECT 1 FROM task WHERE task.id = idem.owner)
            OR EXISTS (SELECT 1 FROM worker WHERE worker.number = idem.holder)))
        """
}

extension Store {
    func tend(batch: Int, unregisteredAfter: Duration?) throws -> TendReport {
        var report = TendReport()
        report.promoted = try promote(wall: false, until: now.microseconds, limit: batch, &report)
        report.promoted += try promote(wall: true, until: clock.wall, limit: batch, &report)
        if try ringAlarms(limit: batch) == batch { report.remaining = true }
        if let unregisteredAfter { try quarantineUnregistered(after: unregisteredAfter, limit: batch, &report) }
        try quarantineForeign(limit: batch, &report)
        try expire(limit: batch, &report)
        try wakeOrphans(limit: batch)
        try openForgotten(limit: Chores.forgotten)
        try persistClock()
        report.nextDue = try db.nextDue(clock)
        return report
    }

    /// Renews the stored pair of clocks when it is old.
    private func persistClock() throws {
        let stored = try db.row("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'engine'") { $0.time(0) }
        if let stored, now - stored < Chores.clockAge { return }
        try clock.persist(in: db)
    }

    private func promote(wall: Bool, until: Int64, limit: Int, _ report: inout TendReport) throws -> Int {
        let due = try db.rows(
            "SELECT seq, queue, flags FROM task WHERE state = 1 AND wall = ? AND due <= ? ORDER BY due LIMIT ?", .int(wall ? 1 : 0),
            .int(until), .int(limit)
        ) { (seq: $0.int(0), queue: $0.int(1), isLimited: $0.int(2) & Flag.limited != 0) }
        for task in due {
            if task.isLimited {
                try enter(task.seq)
                continue
            }
            try db.run("UPDATE task SET state = 0, wall = 0 WHERE seq = ?", .int(task.seq))
            effects.ready[task.queue, default: 0] += 1
        }
        if due.count == limit { report.remaining = true }
        return due.count
    }

    /// Tasks that were parked for too long, unless a worker that can run them is joined by now.
    private func quarantineUnregistered(after: Duration, limit: Int, _ report: inout TendReport) throws {
        let until = now + (.zero - after)
        var workers: [WorkerProfile]?
        for queue in try db.rows("SELECT number FROM queue", transform: { $0.int(0) }) {
            let name = try self.queue(queue)
            for number in try db.parkedKinds(queue: queue) {
                let kind = try self.kind(number)
                let live = try workers ?? db.profiles()
                workers = live
                if live.contains(where: { $0.canRun(kind) && $0.info.queues.contains(name) }) { continue }
                let tasks = try db.rows(
                    "\(RunningTask.select) WHERE state = 3 AND queue = ? AND kind = ? AND due <= ? ORDER BY due LIMIT ?", .int(queue),
                    .int(number), .time(until), .int(limit), transform: RunningTask.init)
                for task in tasks {
                    try quarantine(
                        task, reason: "UnregisteredTaskError",
                        message: "no worker knew '\(kind.name)' version \(kind.version) for \(after)", history: task.history,
                        settled: task.settled)
                }
                report.unregistered += tasks.count
                if tasks.count == limit { report.remaining = true }
            }
        }
    }

    private func expire(limit: Int, _ report: inout TendReport) throws {
        func drop(_ sql: String, _ values: SQLValue...) throws {
            let statement = try db.sql(sql)
            for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
            let count = try statement.run()
            report.expired += count
            if count == limit { report.remaining = true }
        }
        let now = now
        // First the results whose own time is over but whose record stays.
        try drop(
            """
            UPDATE finished SET result = NULL, expiry = max(result_until, ended + ?2) WHERE seq IN
              (SELECT seq FROM finished WHERE expiry <= ?1 AND ended + ?2 > ?1 ORDER BY expiry LIMIT ?3)
            """, .time(now), .int(min(retention.history.microseconds, Int64.max / 4)), .int(limit))
        try drop(
            "DELETE FROM finished WHERE seq IN (SELECT seq FROM finished WHERE expiry <= ? ORDER BY expiry LIMIT ?)", .time(now),
            .int(limit))
        try drop(
            "DELETE FROM idem WHERE key IN (SELECT key FROM idem WHERE state <> 1 AND until <= ? ORDER BY until LIMIT ?)", .time(now),
            .int(limit))
        try expireDeadLetters(limit: limit, &report)
        if try forgetStarts(limit: limit) == limit { report.remaining = true }
        try drop(
            "DELETE FROM crash WHERE process IN (SELECT process FROM crash WHERE at <= ? LIMIT ?)",
            .time(now + (.zero - retention.crashReports)), .int(limit))
        // As long as any history may name it.
        let longest = max(retention.history, retention.deadLetters) + .days(1)
        try drop(
            """
            DELETE FROM incarnation WHERE number IN
              (SELECT number FROM incarnation WHERE ended IS NOT NULL AND ended <= ? ORDER BY ended LIMIT ?)
            """, .time(now + (.zero - longest)), .int(limit))
    }

    private func expireDeadLetters(limit: Int, _ report: inout TendReport) throws {
        let until = now + (.zero - retention.deadLetters)
        let oldest = try db.rows("SELECT seq, id, quarantined FROM dead ORDER BY seq LIMIT ?", .int(limit)) {
            (seq: $0.int(0), id: $0.id(1, as: TaskID.self), at: $0.time(2))
        }
        let expired = oldest.prefix { $0.at <= until }
        for letter in expired {
            try db.run("DELETE FROM checkpoint WHERE task = ?", .id(letter.id))
            try db.run("DELETE FROM loss WHERE task = ?", .id(letter.id))
            try db.run("DELETE FROM dead WHERE seq = ?", .int(letter.seq))
        }
        report.expired += expired.count
        if expired.count == limit { report.remaining = true }
    }

    /// Tasks that wait for a key which nobody holds any more; each end of a key wakes one of them, this is the net below.
    private func wakeOrphans(limit: Int) throws {
        let keys = try db.rows("\(Database.orphans) GROUP BY awaited LIMIT ?", .int(limit)) { $0.text(0) }
        for key in keys { try wakeTasks(waitingFor: key) }
    }
}

extension Database {
    /// The joined incarnation of that number.
    func profile(of number: Int64) throws -> WorkerProfile? {
        try row("SELECT info FROM worker WHERE number = ?", .int(number)) { row in
            WorkerProfile(number: number, info: try JSONDecoder().decode(WorkerInfo.self, from: Data(row.text(0).utf8)))
        }
    }

    /// All joined incarnations.
    func profiles() throws -> [WorkerProfile] {
        let decoder = JSONDecoder()
        return try rows("SELECT number, info FROM worker ORDER BY number") { row in
            WorkerProfile(number: row.int(0), info: try decoder.decode(WorkerInfo.self, from: Data(row.text(1).utf8)))
        }
    }
}
