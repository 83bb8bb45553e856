import Foundation
import Relier

extension ModelEngine {
    mutating func acquireKey(_ key: String, for id: TaskID, fence: Fence, found: Reply<KeyAnswer>?) throws {
        guard tasks[id]?.isRunning(under: fence) == true else {
            return try expectError(found, .fenced, "taking '\(key)' for \(label(id)) under a fence that is not current")
        }
        var answer = KeyAnswer.acquired
        if let record = hands[key] {
            if case .completed(let value, let until) = record.state, now < until {
                answer = .completed(value)
            } else if isHeld(record) && record.owner != id {
                answer = .held(by: record.owner)
            }
        }
        if answer == .acquired { hands[key] = ModelKey(state: .claimed, owner: id) }
        try expect(found, answer, "answer to taking '\(key)' for \(label(id))")
    }

    mutating func settleKey(_ key: String, for id: TaskID, fence: Fence, value: KeyValue?, found: Reply<Void>?) throws {
        let what = "settling '\(key)' for \(label(id))"
        guard tasks[id]?.isRunning(under: fence) == true else {
            return try expectError(found, .fenced, "\(what) under a fence that is not current")
        }
        guard let record = hands[key], record.owner == id else { return try expectError(found, .fenced, "\(what), which does not hold it") }
        switch record.state {
        case .claimed:
            if let value {
                hands[key]?.state = .completed(value.value, until: now + value.ttl)
                hands[key]?.keptIn = nil
            } else {
                hands[key] = nil
            }
            wakeWaiters()
            try expectSuccess(found, what)
        case .completed:
            // The same settlement sent again, or a key that it no longer holds: an engine need not know which.
            if case .failure(let error) = found, error.code != .fenced { throw ModelMismatch("\(what) again: found '\(error.code)'") }
        case .free: break
        }
    }

    /// Whether something is kept for a body of this task that still runs although its attempt has ended.
    func hasBody(_ id: TaskID) -> Bool {
        stuck.contains { $0.task == id } || [keys, hands].contains { $0.values.contains { $0.owner == id && $0.keptIn != nil } }
    }

    /// Whether anything is kept for bodies of this incarnation that outlived their attempts.
    func keepsSomething(in incarnation: Incarnation) -> Bool {
        stuck.contains { $0.incarnation == incarnation } || [keys, hands].contains { $0.values.contains { $0.keptIn == incarnation } }
    }

    /// Frees what was kept for a body that has returned.
    mutating func bodyReturned(_ id: TaskID, fence: Fence, found: Reply<Void>?) throws {
        stuck.removeAll { $0.task == id && $0.fence == fence }
        if let task = tasks[id], task.hasEnded, task.lastFence == fence { freeKeys(of: task, keptIn: nil) }
        try expectSuccess(found, "telling that the body of \(label(id)) has returned")
    }

    /// The task has ended without a commit: its keys are free, or once its body has ended in `incarnation`.
    mutating func freeKeys(of task: ModelTask, keptIn incarnation: Incarnation?) {
        if let key = task.new.key, let record = keys[key], record.owner == task.id, case .claimed = record.state {
            keys[key]?.keptIn = incarnation
            if incarnation == nil { keys[key]?.state = .free(since: now) }
        }
        freeHands(of: task.id, keptIn: incarnation)
    }

    /// Ends the claims that a task made by hand. What it completed stays.
    mutating func freeHands(of id: TaskID, keptIn incarnation: Incarnation?) {
        for (key, record) in hands where record.owner == id {
            guard case .claimed = record.state else { continue }
            if let incarnation { hands[key]?.keptIn = incarnation } else { hands[key] = nil }
        }
        wakeWaiters()
    }

    /// An incarnation is gone, and its bodies with it.
    mutating func freeKept(in incarnation: Incarnation) {
        stuck.removeAll { $0.incarnation == incarnation }
        for (key, record) in keys where record.keptIn == incarnation {
            keys[key]?.keptIn = nil
            keys[key]?.state = .free(since: now)
        }
        for (key, record) in hands where record.keptIn == incarnation { hands[key] = nil }
        wakeWaiters()
    }

    /// Who waits for a key that nobody holds goes on.
    mutating func wakeWaiters() {
        for task in tasks.values {
            guard case .waiting(let key) = task.phase else { continue }
            if hands[key].map(isHeld) ?? false { continue }
            makeReady(task.id)
        }
    }
}
