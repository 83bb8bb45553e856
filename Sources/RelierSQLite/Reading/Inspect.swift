import Foundation
import GRDB
import Relier

extension Database {
    func inspect(_ id: TaskID, now: EngineTime) throws -> TaskDetails? {
        guard var details = try liveDetails(id) ?? finishedDetails(id, now: now) ?? deadDetails(id) else { return nil }
        if !details.summary.state.isEnd {
            let hindrance = try hindrance(of: id)
            details.summary.waitsFor = hindrance.text
            if let due = hindrance.due { details.due = due }
        }
        details.checkpointBytes = try row("SELECT bytes FROM checkpoint WHERE task = ?", .id(id)) { Int($0.int(0)) }
        details.progress = try progress(of: id)
        for index in details.history.indices where details.history[index].outcome == "worker-gone" {
            details.history[index].crash = try crashReport(of: details.history[index].incarnation)
        }
        return details
    }

    private func crashReport(of incarnation: Incarnation) throws -> CrashReport? {
        try row("SELECT report FROM incarnation JOIN crash USING (process) WHERE uuid = ?", .id(incarnation)) { row in
            try? JSONDecoder().decode(CrashReport.self, from: Data(row.text(0).utf8))
        } ?? nil
    }

    private func decoded(_ json: Data?) -> JSONValue? {
        json.flatMap { try? CanonicalJSON.decode(JSONValue.self, from: $0) }
    }

    private func liveDetails(_ id: TaskID) throws -> TaskDetails? {
        let found = try row(
            """
            SELECT t.state, coalesce(kind.name, '?'), kind.version, coalesce(queue.name, '?'), t.failures + 1, t.resurrections, t.enqueued,
                   t.holder, t.payload, t.due, t.key, t.history, t.fence, t.started, t.wall, t.signer
            FROM task t LEFT JOIN kind ON kind.number = t.kind LEFT JOIN queue ON queue.number = t.queue WHERE t.id = ?
            """, .id(id)
        ) { row in
            let state = TaskState(number: row.int(0))
            let details = TaskDetails(
                summary: TaskSummary(
                    id: id, name: row.text(1), version: Int(row.int(2)), queue: Queue(row.text(3)), state: state,
                    attempt: Int(row.int(4)), resurrections: Int(row.int(5)), enqueuedAt: row.time(6), worker: nil),
                payload: decoded(row.blob(8)), due: state == .scheduled ? row.time(9) : nil, key: row.textOrNull(10),
                checkpointBytes: nil, result: nil, reason: nil, message: nil, history: History.records(row.textOrNull(11)),
                signedBy: row.textOrNull(15))
            return (details, row.intOrNull(7), row.int(12), row.time(13))
        }
        guard let (read, holder, fence, started) = found else { return nil }
        var details = read
        if let number = holder {
            let label = try label(of: number)
            details.summary.worker = label.worker
            details.history.append(
                AttemptRecord(
                    incarnation: label.incarnation, worker: label.worker, fence: fence, start: started, end: nil, outcome: "running"))
        }
        return details
    }

    private func finishedDetails(_ id: TaskID, now: EngineTime) throws -> TaskDetails? {
        let found = try row(
            """
            SELECT t.state, coalesce(kind.name, '?'), kind.version, coalesce(queue.name, '?'), t.failures + 1, t.resurrections, t.enqueued,
                   t.holder, t.result, t.result_until, t.key, t.history, t.fence, t.started, t.ended
            FROM finished t LEFT JOIN kind ON kind.number = t.kind LEFT JOIN queue ON queue.number = t.queue WHERE t.id = ?
            """, .id(id)
        ) { row in
            let details = TaskDetails(
                summary: TaskSummary(
                    id: id, name: row.text(1), version: Int(row.int(2)), queue: Queue(row.text(3)), state: TaskState(number: row.int(0)),
                    attempt: Int(row.int(4)), resurrections: Int(row.int(5)), enqueuedAt: row.time(6), worker: nil),
                payload: nil, due: nil, key: row.textOrNull(10), checkpointBytes: nil,
                result: row.time(9) > now ? decoded(row.blobOrNull(8)) : nil, reason: nil, message: nil,
                history: History.records(row.textOrNull(11)))
            return (details, row.intOrNull(7), row.int(12), row.time(13), row.time(14))
        }
        guard let (read, holder, fence, started, ended) = found else { return nil }
        var details = read
        if let number = holder {
            let label = try label(of: number)
            details.history.append(
                AttemptRecord(
                    incarnation: label.incarnation, worker: label.worker, fence: fence, start: started, end: ended,
                    outcome: details.summary.state.rawValue))
        }
        return details
    }

    private func deadDetails(_ id: TaskID) throws -> TaskDetails? {
        try row(
            """
            SELECT coalesce(kind.name, '?'), kind.version, coalesce(queue.name, '?'), t.attempts, t.resurrections, t.enqueued, t.payload,
                   t.key, t.reason, t.message, t.history, t.signer
            FROM dead t LEFT JOIN kind ON kind.number = t.kind LEFT JOIN queue ON queue.number = t.queue WHERE t.id = ?
            """, .id(id)
        ) { row in
            TaskDetails(
                summary: TaskSummary(
                    id: id, name: row.text(0), version: Int(row.int(1)), queue: Queue(row.text(2)), state: .quarantined,
                    attempt: Int(row.int(3)), resurrections: Int(row.int(4)), enqueuedAt: row.time(5), worker: nil),
                payload: decoded(row.blob(6)), due: nil, key: row.textOrNull(7), checkpointBytes: nil, result: nil, reason: row.text(8),
                message: row.text(9), history: History.records(row.textOrNull(10)), signedBy: row.textOrNull(11))
        }
    }
}
