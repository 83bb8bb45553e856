import Foundation
import Relier

extension ModelEngine {
    mutating func cancel(_ id: TaskID, terminate: Bool, found: Reply<CancelReply>?) throws {
        let what = "cancelling \(label(id))"
        guard let task = tasks[id] else { return try expectError(found, .notFound, what) }
        switch task.phase {
        case .cancelled: try expect(found, .cancelled, what)
        case .committed, .quarantined: try expectError(found, .conflict, what)
        case .running where !terminate:
            change(id) { $0.isCancelling = true }
            try expect(found, .afterThisRun, what)
        case .running(let run):
            note("cancelled", of: id)
            keepSlots(of: task, in: run.incarnation)
            end(id, as: .cancelled, keptIn: run.incarnation)
            try expect(found, .cancelled, what)
        default:
            end(id, as: .cancelled, keptIn: nil)
            try expect(found, .cancelled, what)
        }
    }

    mutating func releaseDeadLetter(_ id: TaskID, fresh: Bool, found: Reply<Void>?) throws {
        let what = "releasing the dead letter \(label(id))"
        guard let task = tasks[id], task.isQuarantined else { return try expectError(found, .notFound, what) }
        // Its body still runs, and would enter its own claim beside it.
        let isKept = hands.values.contains { $0.owner == id && $0.keptIn != nil && isHeld($0) }
        if isKept { return try expectError(found, .conflict, what) }
        var operation: Int?
        if let key = task.new.key {
            if answerer(of: key) != nil { return try expectError(found, .conflict, what) }
            operation = take(key, for: id)
        }
        change(id) { task in
            task.operation = operation
            if fresh { task.losses = Losses() }
            task.failures = 0
            task.wasReleased = true
            task.isAlone = false
            task.isCancelling = false
            task.isInOrder = false
            task.recovery = .no
            task.endedAt = nil
        }
        makeReady(id)
        try expectSuccess(found, what)
    }

    mutating func setPaused(_ isPaused: Bool, queue: Queue, found: Reply<Void>?) throws {
        guard queues.contains(queue) else { return try expectError(found, .notFound, "pausing '\(queue)', which nobody knows") }
        if isPaused { paused.insert(queue) } else { paused.remove(queue) }
        try expectSuccess(found, "pausing '\(queue)'")
    }

    /// Housekeeping came by everything.
    mutating func tend(unregisteredAfter limit: Duration?) {
        // The net below: of those that wait for a key that nobody holds, each call lets one go on.
        let awaited = tasks.values.compactMap { task in if case .waiting(let key) = task.phase { key } else { nil } }
        for key in Set(awaited) where hands[key].map(isHeld) != true { expectWakeUp(among: waiters(of: key)) }
        for task in tasks.values {
            if isDue(task) { change(task.id) { $0.mustBePromoted = true } }
            if mayBeForgotten(task) { change(task.id) { $0.mustBeForgotten = true } }
            guard let limit, let since = task.parkedSince, now - since > limit, task.isReady else { continue }
            // One that a living worker could run is parked by chance; whether it is quarantined is the engine's choice.
            if workers.values.contains(where: { $0.canRun(task) }) {
                change(task.id) { $0.mayBeUnregistered = true }
                continue
            }
            end(task.id, as: .quarantined(reason: Self.unregistered), keptIn: nil)
        }
    }

    /// Whether its retention is over.
    func mayBeForgotten(_ task: ModelTask) -> Bool {
        guard let ended = task.endedAt else { return false }
        switch task.phase {
        case .committed: return max(ended + retention.history, ended + task.answers) <= now
        case .cancelled: return ended + retention.history <= now
        case .quarantined: return ended + retention.deadLetters <= now
        default: return false
        }
    }
}
