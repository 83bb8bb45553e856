import Foundation
import GRDB
import Relier

extension Store {
    /// Accepts tasks in order, as far as the policy lets them in. Parents are checked before anything is written.
    func push(_ tasks: [NewTask], admission policy: AdmissionPolicy? = nil) throws -> [PushOutcome] {
        try openGates()
        full.removeAll(keepingCapacity: true)
        var checkedParents: Set<TaskID> = []
        for task in tasks {
            guard let parent = task.parent, checkedParents.insert(parent.id).inserted else { continue }
            guard let row = try runningTask(parent.id), row.isHeld(under: parent.fence) else {
                throw EngineError(.fenced, "the task \(parent.id) is not running under this fence any more; its children were not pushed")
            }
            if row.flags & Flag.children == 0 { try setFlag(Flag.children, of: row.seq) }
        }
        var delayed = false
        var outcomes: [PushOutcome] = []
        outcomes.reserveCapacity(tasks.count)
        var rejection: AdmissionRejection?
        for task in tasks {
            if let policy, let refusal = try rejection ?? self.rejection(of: task, by: policy) {
                let answer = try answerWithoutStoring(task)
                if answer == nil { rejection = refusal }
                outcomes.append(answer ?? .rejected(refusal))
                continue
            }
            let outcome = try push(task)
            outcomes.append(outcome)
            if let policy, outcome == .accepted { try countAdmitted(by: policy) }
            if task.due != .now { delayed = true }
        }
        if delayed { try clock.persist(in: db) }
        return outcomes
    }

    /// In bytes: what SQLite stores in a row, less what the other columns take.
    private static let maxPayload = 999_000_000

    private func push(_ task: NewTask) throws -> PushOutcome {
        let id = task.envelope.id
        if task.envelope.payload.count > Self.maxPayload {
            throw EngineError(
                .failed,
                "the arguments of the task \(id) take \(task.envelope.payload.count) bytes; SQLite stores at most \(Self.maxPayload)")
        }
        if try isKnown(id) { return .known }
        if let parent = task.parent {
            let added = try db.run("INSERT INTO child (parent, id) VALUES (?, ?) ON CONFLICT DO NOTHING", .id(parent.id), .id(id))
            if added == 0 { return .known }
        }
        var operation: String?
        if let key = task.key {
            if try isLive(id) { return .known }
            switch try takeTaskKey(key, for: id) {
            case .taken(let name): operation = name
            case .held(let owner):
                // Its own id was never accepted, so its parent must not remember it.
                if let parent = task.parent { try db.run("DELETE FROM child WHERE parent = ? AND id = ?", .id(parent.id), .id(id)) }
                return .duplicate(by: owner)
            }
        }
        let queue = try number(of: task.queue)
        let start = startState(of: task.due)
        let placement = task.limits.isEmpty ? nil : try placement(of: task.limits, from: start.state, in: queue)
        let insert = try placement == nil ? hot.insert : db.sql(Placement.insert)
        insert.bind(1, id)
        insert.bind(2, placement?.state ?? start.state)
        insert.bind(3, queue)
        insert.bind(4, orNull: start.due)
        insert.bind(5, start.wall ? 1 : 0)
        insert.bind(6, try number(ofName: task.envelope.name, version: task.envelope.version))
        insert.bind(7, now.microseconds)
        insert.bind(8, max(0, task.resultTTL.microseconds))
        insert.bind(9, orNull: task.key)
        insert.bind(10, orNull: task.key == nil ? nil : max(0, task.keyTTL.microseconds))
        insert.bind(11, orNull: operation)
        insert.bind(12, orNull: task.envelope.traceparent)
        insert.bind(13, task.envelope.checksum)
        insert.bind(14, task.envelope.payload)
        insert.bind(15, orNull: task.envelope.signature?.keyID)
        insert.bind(16, orNull: task.envelope.signature?.code)
        placement?.bind(to: insert)
        if try insert.run() == 0 { return .known }
        if start.state == StateNumber.queued {
            if placement?.state != StateNumber.limited { effects.ready[queue, default: 0] += 1 }
            admission.backlog?.count += 1
        } else if let due = start.due {
            announceDue(after: .microseconds(due - (start.wall ? clock.wall : now.microseconds)), in: queue)
        }
        return .accepted
    }

    private func startState(of due: Due) -> (state: Int64, due: Int64?, wall: Bool) {
        switch due {
        case .now:
            return (StateNumber.queued, nil, false)
        case .after(let delay):
            if delay <= .zero { return (StateNumber.queued, nil, false) }
            return (StateNumber.scheduled, (now + delay).microseconds, false)
        case .at(let date):
            let seconds = date.timeIntervalSince1970
            let wall = seconds >= 9e12 ? Int64.max : seconds <= -9e12 ? Int64.min : Int64(seconds * 1e6)
            if wall <= clock.wall { return (StateNumber.queued, nil, false) }
            return (StateNumber.scheduled, wall, true)
        }
    }

    /// Whether a task of that id has ended and is still remembered.
    func isKnown(_ id: TaskID) throws -> Bool {
        hot.known.bind(1, id)
        defer { hot.known.reset() }
        return try hot.known.step()
    }

    /// Whether a task of that id exists and has not ended.
    func isLive(_ id: TaskID) throws -> Bool {
        hot.live.bind(1, id)
        defer { hot.live.reset() }
        return try hot.live.step()
    }

    func setFlag(_ flag: Int64, of seq: Int64) throws {
        try db.run("UPDATE task SET flags = flags | ? WHERE seq = ?", .int(flag), .int(seq))
    }
}
