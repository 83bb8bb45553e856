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
                // Those behind it get the same answer.
                wakeWaiters(of: key, 2)
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
            wakeWaiters(of: key)
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
            if let incarnation {
                hands[key]?.keptIn = incarnation
            } else {
                hands[key] = nil
                wakeWaiters(of: key)
            }
        }
    }

    /// An incarnation is gone, and its bodies with it.
    mutating func freeKept(in incarnation: Incarnation) {
        stuck.removeAll { $0.incarnation == incarnation }
        for (key, record) in keys where record.keptIn == incarnation {
            keys[key]?.keptIn = nil
            keys[key]?.state = .free(since: now)
        }
        for (key, record) in hands where record.keptIn == incarnation {
            hands[key] = nil
            wakeWaiters(of: key)
        }
    }

    /// One free key lets the oldest go on that waits for it, before others one whose queue is not paused.
    mutating func wakeWaiters(of key: String, _ count: Int = 1) {
        let waiting = waiters(of: key)
        for _ in 0..<count {
            guard let first = waiters(of: key).first else { return }
            let isExact = keepsOrder && !waiting.contains { $0.wasReleased || ($0.call == first.call && $0.id != first.id) }
            guard isExact else { return expectWakeUp(among: waiting) }
            makeReady(first.id)
        }
    }

    func waiters(of key: String) -> [ModelTask] {
        tasks.values.filter { task in
            if case .waiting(key) = task.phase { true } else { false }
        }.sorted { left, right in
            let (isLeftPaused, isRightPaused) = (paused.contains(left.new.queue), paused.contains(right.new.queue))
            return isLeftPaused == isRightPaused ? left.number < right.number : isRightPaused
        }
    }

    /// Which of them is for the engine to choose.
    mutating func expectWakeUp(among waiting: [ModelTask]) {
        if waiting.isEmpty { return }
        wakeUps.append(waiting.map(\.id))
        for task in waiting { change(task.id) { $0.mayBeWoken = true } }
    }

    /// Finds those that the engine chose.
    mutating func findWakeUps(_ statuses: [TaskID: TaskStatus]) throws {
        let groups = wakeUps
        wakeUps = []
        func isWaiting(_ id: TaskID) -> Bool {
            if case .waiting = tasks[id]?.phase { true } else { false }
        }
        for task in tasks.values where task.mayBeWoken {
            // One with limits that goes on may wait at one of them, which looks the same.
            if task.gates.isEmpty || !isWaiting(task.id) { change(task.id) { $0.mayBeWoken = false } }
            if isWaiting(task.id), let status = statuses[task.id], status.state != .waiting { makeReady(task.id) }
        }
        for group in groups where group.allSatisfy({ isWaiting($0) && tasks[$0]?.gates.isEmpty == true }) {
            throw ModelMismatch(
                "a key is free, and none of those that wait for it goes on: \(group.map(label).sorted().joined(separator: ", "))")
        }
    }
}
