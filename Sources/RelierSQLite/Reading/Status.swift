import Foundation
import GRDB
import Relier

extension TaskState {
    /// The state of that number in the database.
    init(number: Int64) {
        self =
            switch number {
            case StateNumber.queued: .queued
            case StateNumber.scheduled: .scheduled
            case StateNumber.running: .running
            case StateNumber.parked: .parked
            case StateNumber.waiting, StateNumber.limited: .waiting
            case StateNumber.suspect: .suspect
            case StateNumber.committed: .committed
            case StateNumber.cancelled: .cancelled
            // Of a record that foreign hands wrote; it ends in the dead letter queue.
            default: TaskState(rawValue: "unknown")
            }
    }

    /// Its number in the database, of the two that wait that of those which wait for a key; `nil` for `quarantined`, which has a table of its own, and for what is no state.
    var number: Int64? {
        switch self {
        case .queued: StateNumber.queued
        case .scheduled: StateNumber.scheduled
        case .running: StateNumber.running
        case .parked: StateNumber.parked
        case .waiting: StateNumber.waiting
        case .suspect: StateNumber.suspect
        case .committed: StateNumber.committed
        case .cancelled: StateNumber.cancelled
        default: nil
        }
    }
}

extension Database {
    func status(of ids: [TaskID], now: EngineTime) throws -> [TaskID: TaskStatus] {
        var result: [TaskID: TaskStatus] = [:]
        result.reserveCapacity(ids.count)
        for id in ids { result[id] = try status(of: id, now: now) }
        return result
    }

    func status(of id: TaskID, now: EngineTime) throws -> TaskStatus? {
        if let (state, flags) = try row("SELECT state, flags FROM task WHERE id = ?", .id(id), transform: { ($0.int(0), $0.int(1)) }) {
            let progress = flags & Flag.progress == 0 ? nil : try progress(of: id)
            return TaskStatus(state: TaskState(number: state), progress: progress)
        }
        let finished = try row("SELECT state, result_until, result FROM finished WHERE id = ?", .id(id)) { row in
            TaskStatus(state: TaskState(number: row.int(0)), result: row.time(1) > now ? row.blobOrNull(2) : nil)
        }
        if let finished { return finished }
        return try row("SELECT reason, message FROM dead WHERE id = ?", .id(id)) { row in
            TaskStatus(state: .quarantined, reason: row.text(0), message: row.text(1))
        }
    }

    /// Those of the ids that are not live any more.
    func ended(among ids: [TaskID]) throws -> [TaskID] {
        try ids.filter { try !exists("SELECT 1 FROM task WHERE id = ?", .id($0)) }
    }
}
