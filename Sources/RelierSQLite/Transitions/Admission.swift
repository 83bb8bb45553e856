import GRDB
import Relier

/// The window in which pushes are counted.
struct AdmissionWindow: Sendable {
    let start: EngineTime
    let length: Duration
    var admitted: Int
    var limit: Int

    var end: EngineTime { start + length }
}

/// What one transaction knows of admission: read when the first push asks, written once before the commit, so that its cost is shared by the group.
/// The write lock is held meanwhile, so nobody else counts.
struct AdmissionBook {
    var window: AdmissionWindow?
    var isRead = false
    var isChanged = false
    /// Tasks that wait, counted up to a bound.
    var backlog: (count: Int, bound: Int)?
    /// When the oldest waiting task was pushed.
    var oldest: (time: EngineTime?, isRead: Bool) = (nil, false)
}

extension Store {
    /// Why a task, if it is new, may not come in now; `nil` when it may.
    func rejection(of task: NewTask, by policy: AdmissionPolicy) throws -> AdmissionRejection? {
        if policy.limit == nil && task.parent != nil { return nil }
        let open = try openWindow()
        let left = open.map { $0.end - now } ?? policy.window
        if let limit = policy.limit, (open?.admitted ?? 0) >= limit { return AdmissionRejection(.window, retryAfter: left) }
        // A parent would wait for itself.
        if task.parent != nil { return nil }
        if let bound = policy.maxBacklog, try backlog(upTo: bound) >= bound { return AdmissionRejection(.backlog, retryAfter: left) }
        if let age = policy.maxAge, let oldest = try oldestWaiting(), now - oldest > age {
            return AdmissionRejection(.age, retryAfter: left)
        }
        return nil
    }

    /// The answer to a push that costs nothing; `nil` when the task would be new.
    func answerWithoutStoring(_ task: NewTask) throws -> PushOutcome? {
        let id = task.envelope.id
        if try isKnown(id) || isLive(id) { return .known }
        if let parent = task.parent, try db.exists("SELECT 1 FROM child WHERE parent = ? AND id = ?", .id(parent.id), .id(id)) {
            return .known
        }
        guard let key = task.key, let row = try idem(IdemKey.task(key)) else { return nil }
        let answers = row.state == .completed ? row.until > now : try isHeld(row)
        return answers ? .duplicate(by: row.owner) : nil
    }

    /// Counts a task that was just stored; without a limit nothing is counted.
    func countAdmitted(by policy: AdmissionPolicy) throws {
        guard let limit = policy.limit else { return }
        var window = try openWindow() ?? AdmissionWindow(start: now, length: policy.window, admitted: 0, limit: limit)
        window.admitted += 1
        window.limit = limit
        admission.window = window
        admission.isChanged = true
    }

    func resetAdmission() throws {
        try db.run("DELETE FROM admission")
        admission = AdmissionBook(isRead: true)
    }

    func writeAdmission() throws {
        guard let window = admission.window else { return }
        try db.run(
            "INSERT OR REPLACE INTO admission (id, start, length, admitted, cap, seen, boot) VALUES (1, ?, ?, ?, ?, ?, ?)",
            .time(window.start), .int(window.length.microseconds), .int(window.admitted), .int(window.limit), .time(now), .text(clock.boot))
    }

    private func openWindow() throws -> AdmissionWindow? {
        if !admission.isRead {
            admission.window = try db.admissionWindow(clock)
            admission.isRead = true
        }
        guard let window = admission.window, now < window.end else { return nil }
        return window
    }

    private func backlog(upTo bound: Int) throws -> Int {
        if let known = admission.backlog, known.bound >= bound { return known.count }
        let count = try db.row(
            "SELECT count(*) FROM (SELECT 1 FROM task WHERE state = 0 UNION ALL SELECT 1 FROM task WHERE state = 8 LIMIT ?)", .int(bound)
        ) { Int($0.int(0)) }
        admission.backlog = (count ?? 0, bound)
        return count ?? 0
    }

    private func oldestWaiting() throws -> EngineTime? {
        if !admission.oldest.isRead { admission.oldest = (try db.oldestWaiting(), true) }
        return admission.oldest.time
    }
}

extension Database {
    /// The last window that was opened, which may have ended.
    ///
    /// How long the machine was off is the wall clock's word, and a wrong one must not open the next window early: after a restart only the time that
    /// was seen to pass before it, and the time since it, count.
    func admissionWindow(_ clock: EngineClock) throws -> AdmissionWindow? {
        try row("SELECT start, length, admitted, cap, seen, boot FROM admission") { row in
            let start = row.time(0)
            let isOfThisBoot = row.text(5) == clock.boot
            let rebased = EngineTime(microseconds: clock.offset) + (start - row.time(4))
            return AdmissionWindow(
                start: isOfThisBoot ? start : rebased, length: .microseconds(row.int(1)), admitted: Int(row.int(2)), limit: Int(row.int(3)))
        }
    }

    /// When the task was pushed that has waited longest for its first start.
    ///
    /// A task that was delayed, parked or held back by a limit has a `due`, one that was claimed before its fence: neither tells how long the others wait. In each queue the first
    /// thousand are looked at, so that a flood of such tasks at its head costs no more.
    func oldestWaiting() throws -> EngineTime? {
        let queues = try rows("SELECT number FROM queue") { $0.int(0) }
        return try queues.compactMap { queue in
            try row(
                """
                SELECT enqueued FROM (
                  SELECT enqueued, fence, due FROM task WHERE state = 0 AND queue = ? AND recovered = 0 ORDER BY seq LIMIT 1000)
                WHERE fence = 0 AND due IS NULL LIMIT 1
                """, .int(queue)
            ) { $0.time(0) }
        }.min()
    }

    func admissionStatus(_ clock: EngineClock) throws -> AdmissionStatus {
        let window = try admissionWindow(clock)
        let waiting = "SELECT (SELECT count(*) FROM task WHERE state = 0) + (SELECT count(*) FROM task WHERE state = 8)"
        let backlog = try row(waiting) { Int($0.int(0)) } ?? 0
        let oldest = try oldestWaiting()
        // After the rows: what they tell of must not lie ahead of it.
        let now = clock.now
        let open = window.flatMap { window in
            now < window.end
                ? AdmissionStatus.Window(
                    admitted: window.admitted, limit: window.limit, length: window.length, left: window.end - now) : nil
        }
        return AdmissionStatus(window: open, backlog: backlog, oldestAge: oldest.map { max(.zero, now - $0) })
    }
}
