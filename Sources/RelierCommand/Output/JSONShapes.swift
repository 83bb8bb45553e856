import Foundation
import Relier

// The shapes of `--json`, key by key: payloads and results keep the keys that their owners gave them.

extension Page {
    func json(_ name: String, _ shape: (Item) -> JSONValue) -> JSONValue {
        .object([name: .array(items.map(shape)), "next": .of(next)])
    }
}

extension TaskSummary {
    var members: [String: JSONValue] {
        [
            "id": .of(id), "name": .of(name), "version": .of(version), "queue": .of(queue.name), "state": .of(state.rawValue),
            "attempt": .of(attempt), "resurrections": .of(resurrections), "enqueued_at": .of(enqueuedAt), "worker": .of(worker),
            "waits_for": .of(waitsFor),
        ]
    }
    var json: JSONValue { .object(members) }
}

extension TaskDetails {
    var json: JSONValue {
        var members = summary.members
        members["payload"] = payload ?? .null
        members["due"] = .of(due)
        members["key"] = .of(key)
        members["checkpoint_bytes"] = .of(checkpointBytes)
        members["progress"] =
            progress.map { .object(["done": .integer($0.done), "total": $0.total.map(JSONValue.integer) ?? .null]) } ?? .null
        members["result"] = result ?? .null
        members["reason"] = .of(reason)
        members["message"] = .of(message)
        members["signed_by"] = .of(signedBy)
        members["history"] = .array(history.map(\.json))
        return .object(members)
    }
}

extension AttemptRecord {
    var json: JSONValue {
        .object([
            "incarnation": .of(incarnation), "worker": .of(worker), "fence": .integer(fence), "start": .of(start), "end": .of(end),
            "outcome": .of(outcome), "detail": .of(detail), "recovered_by": .of(recoveredBy), "crash": crash?.json ?? .null,
        ])
    }
}

extension CrashReport {
    var json: JSONValue {
        .object([
            "process": .of(process), "death": .of(death.label), "standard_error": .of(standardError), "backtrace": .of(backtrace),
        ])
    }
}

extension DeadLetterSummary {
    var json: JSONValue {
        .object([
            "id": .of(id), "name": .of(name), "queue": .of(queue.name), "reason": .of(reason), "message": .of(message),
            "attempts": .of(attempts), "resurrections": .of(resurrections), "enqueued_at": .of(enqueuedAt),
            "quarantined_at": .of(quarantinedAt),
        ])
    }
}

extension QueueSummary {
    var json: JSONValue {
        .object([
            "queue": .of(queue.name), "queued": .of(queued), "recovered": .of(recovered), "scheduled": .of(scheduled),
            "running": .of(running), "parked": .of(parked), "suspects": .of(suspects), "waiting": .of(waiting), "limited": .of(limited),
            "oldest": .of(oldest), "paused": .bool(pausedAt != nil), "paused_at": .of(pausedAt),
        ])
    }
}

extension WorkerSummary {
    var json: JSONValue {
        .object([
            "incarnation": .of(info.incarnation), "process": .of(info.process), "name": .of(info.name), "host": .of(info.host),
            "pid": .integer(Int64(info.pid)), "queues": .array(info.queues.map { .of($0.name) }), "concurrency": .of(info.concurrency),
            "running": .of(running), "stuck": .of(stuck), "order": .of(order?.rawValue), "isolated": .bool(info.isolated),
            "lease_seconds": .number(info.lease.inSeconds),
            "joined_at": .of(joinedAt),
            "tasks": .array(
                info.kinds.map {
                    .object([
                        "name": .of($0.name), "version": .of($0.version), "parameters": .array($0.parameters.map { .of($0) }),
                        "limits": .array($0.limits.map { .of($0.phrase) }),
                    ])
                }),
        ])
    }
}

extension HealthFinding {
    var json: JSONValue { .object(["name": .of(name), "level": .of(level.rawValue), "detail": .of(detail)]) }
}
