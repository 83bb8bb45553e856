import Foundation
import Relier

extension ModelEngine {
    mutating func settle(_ settlement: Settlement, found: Reply<SettleReply>?) throws {
        let what = "reply to the settlement of \(label(settlement.task)) (\(settlement.outcome))"
        guard let task = tasks[settlement.task], task.isRunning(under: settlement.fence), let run = task.run else {
            let task = tasks[settlement.task]
            if task?.settled.contains(settlement.fence) != true { return try expect(found, .refused, what) }
            // Sent again: carried out before, unless the task was claimed anew since, and then either answer tells the caller that it is out of its hands.
            if task?.lastFence == settlement.fence && task?.run == nil { try expect(found, .done, "\(what), sent again") }
            return
        }
        try expect(found, .done, what)
        change(task.id) { $0.settled.insert(settlement.fence) }
        if settlement.leavesBody { keepSlots(of: task, in: run.incarnation) }
        let keeper = settlement.leavesBody ? run.incarnation : nil
        switch settlement.outcome {
        case .commit(let result): commit(task, result)
        case .retry(let delay, _, _):
            change(task.id) { $0.losses.startAnew() }
            note(task.isCancelling && settlement.leavesBody ? "cancelled" : "retry", of: task.id)
            if task.isCancelling { return end(task.id, as: .cancelled, keptIn: keeper) }
            change(task.id) { task in
                task.failures += 1
                task.isAlone = false
                task.isInOrder = false
                if task.recovery == .yes { task.recovery = .maybe }
            }
            if delay > .zero { enter(task.id, .scheduled(.engine(now + delay))) } else { makeReady(task.id) }
        case .quarantine(let reason, _, let keyHeld):
            note("quarantined", of: task.id)
            end(task.id, as: .quarantined(reason: reason), keptIn: keyHeld ? run.incarnation : nil)
        case .handBack: handBack(task.id, "handed-back")
        case .snooze(let key):
            freeHands(of: task.id, keptIn: nil)
            if !task.isCancelling, let record = hands[key], isHeld(record) {
                note("snoozed", of: task.id)
                enter(task.id, .waiting(key: key))
                return
            }
            handBack(task.id, "snoozed")
        }
    }

    private mutating func commit(_ task: ModelTask, _ result: Data) {
        note("committed", of: task.id)
        if let key = task.new.key, keys[key]?.owner == task.id {
            keys[key]?.state = .completed(nil, until: now + task.new.keyTTL)
            keys[key]?.keptIn = nil
        }
        let now = now
        change(task.id) { task in
            task.phase = .committed(result: result)
            task.endedAt = now
            task.checkpoint = nil
            task.children = []
        }
        freeHands(of: task.id, keptIn: nil)
    }

    /// Ends a task as quarantined or cancelled.
    mutating func end(_ id: TaskID, as phase: ModelTask.Phase, keptIn incarnation: Incarnation?) {
        let now = now
        change(id) { task in
            task.phase = phase
            task.endedAt = now
            task.children = []
            task.parkedSince = nil
            if case .cancelled = phase { task.checkpoint = nil }
        }
        if let task = tasks[id] { freeKeys(of: task, keptIn: incarnation) }
    }

    /// Back to where it was, counting nothing.
    mutating func handBack(_ id: TaskID, _ outcome: String) {
        note(outcome, of: id)
        if tasks[id]?.isCancelling == true { return end(id, as: .cancelled, keptIn: nil) }
        change(id) { if $0.recovery == .yes { $0.recovery = .maybe } }
        makeReady(id)
    }

    /// Into its queue, or among the suspects.
    mutating func makeReady(_ id: TaskID) { enter(id, tasks[id]?.isAlone == true ? .suspect : .ready) }

    mutating func enter(_ id: TaskID, _ phase: ModelTask.Phase) {
        change(id) { task in
            task.phase = phase
            task.mayBeParked = false
            task.mustBeParked = false
            task.mustBePromoted = false
            task.parkedSince = nil
        }
    }

    mutating func note(_ outcome: String, of id: TaskID) { change(id) { $0.history.append(outcome) } }

    /// Slots in concurrency limits stay taken while the body runs on.
    mutating func keepSlots(of task: ModelTask, in incarnation: Incarnation) {
        for gate in task.gates where !gate.kind.isRate {
            stuck.append(ModelStuckSlot(gate: gate, task: task.id, fence: task.run?.fence, incarnation: incarnation))
        }
    }

    mutating func saveCheckpoint(_ checkpoint: Checkpoint?, of id: TaskID, fence: Fence, found: Reply<Void>?) throws {
        guard tasks[id]?.isRunning(under: fence) == true else {
            return try expectError(found, .fenced, "saving a checkpoint of \(label(id)) under a fence that is not current")
        }
        change(id) { $0.checkpoint = checkpoint }
        try expectSuccess(found, "saving a checkpoint of \(label(id))")
    }
}

extension Settlement {
    /// Whether the body goes on although its attempt has ended.
    var leavesBody: Bool {
        if case .quarantine(_, _, let keyHeld) = outcome { return keyHeld || bodyRuns }
        return bodyRuns
    }
}
