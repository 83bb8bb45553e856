import Foundation
import Relier

extension ModelEngine {
    /// Holds what the engine shows of all accepted tasks against the model, and takes over what was the engine's to choose.
    mutating func observe(_ statuses: [TaskID: TaskStatus]) throws {
        try findLostClaim(statuses)
        try findWakeUps(statuses)
        // First of all tasks, since whether one waits at a limit depends on the others.
        for task in tasks.values { try findPromotion(task, statuses[task.id]) }
        for task in tasks.values { try observe(task, statuses[task.id]) }
        try checkInvariants()
    }

    /// What the claim took whose reply was lost.
    private mutating func findLostClaim(_ statuses: [TaskID: TaskStatus]) throws {
        guard let claim = lostClaim else { return }
        lostClaim = nil
        let taken = tasks.values.filter { $0.run == nil && statuses[$0.id]?.state == .running }
        if taken.count > claim.request.limit { throw ModelMismatch("a claim of at most \(claim.request.limit) took \(taken.count)") }
        for task in taken {
            if service(task, claim.request, claim.worker) == .no {
                throw ModelMismatch("a claim took \(task.label), which is \(describe(task)) and not to be claimed here")
            }
            run(task.id, ModelTask.Run(incarnation: claim.request.incarnation, fence: nil, request: claim.request.number))
        }
        try checkLimits(afterClaiming: taken)
    }

    private mutating func findPromotion(_ task: ModelTask, _ status: TaskStatus?) throws {
        guard case .scheduled(let due) = task.phase, let status, status.state != .scheduled else { return }
        if !isDue(due) { throw mismatch(task, status) }
        makeReady(task.id)
        // Passed over in the same step, perhaps.
        change(task.id) { $0.mayBeParked = task.mayBeParked }
    }

    private mutating func observe(_ task: ModelTask, _ status: TaskStatus?) throws {
        guard let status else {
            if !mayBeForgotten(task) { throw ModelMismatch("\(task.label) is gone, although it was accepted and is \(describe(task))") }
            tasks[task.id] = nil
            return
        }
        if task.mustBeForgotten {
            throw ModelMismatch("\(task.label) is still there, although its retention is over and housekeeping was done")
        }
        if task.mustBePromoted && status.state == .scheduled {
            throw ModelMismatch("\(task.label) is still scheduled, although it is due and a claim or housekeeping came by")
        }
        if task.mayBeUnregistered && status.state == .quarantined { end(task.id, as: .quarantined(reason: Self.unregistered), keptIn: nil) }
        let task = tasks[task.id] ?? task
        if !allowed(task, status) { throw mismatch(task, status) }
        let now = now
        change(task.id) { task in
            if status.state != .parked { task.parkedSince = nil } else if task.parkedSince == nil { task.parkedSince = now }
            if status.state == .parked || status.state == .waiting { task.mustBeParked = false }
            task.mustBePromoted = false
            task.mayBeUnregistered = false
        }
    }

    private func allowed(_ task: ModelTask, _ status: TaskStatus) -> Bool {
        switch task.phase {
        case .scheduled: return status == TaskStatus(state: .scheduled)
        case .ready:
            switch status.state {
            case .queued: return !task.mustBeParked
            case .parked: return task.mayBeParked
            case .waiting: return mayWait(task)
            default: return false
            }
        case .waiting: return status == TaskStatus(state: .waiting)
        case .suspect: return status == TaskStatus(state: .suspect)
        case .running: return status == TaskStatus(state: .running)
        case .committed(let result):
            let isKept = task.endedAt.map { now < $0 + task.answers } ?? false
            return status == TaskStatus(state: .committed, result: isKept ? result : nil)
        case .quarantined(let reason):
            return status.state == .quarantined && status.reason == reason && status.message != nil && status.result == nil
        case .cancelled: return status == TaskStatus(state: .cancelled)
        }
    }

    private func mismatch(_ task: ModelTask, _ status: TaskStatus) -> ModelMismatch {
        var found = "\(status.state)"
        if let reason = status.reason { found += " (\(reason))" }
        if let result = status.result { found += " with the result \(String(decoding: result, as: UTF8.self))" }
        return ModelMismatch("\(task.label) should be \(describe(task)), and is \(found)")
    }

    /// What a task is, for people.
    func describe(_ task: ModelTask) -> String {
        switch task.phase {
        case .scheduled(let due): return isDue(due) ? "scheduled and due" : "scheduled"
        case .ready where task.mustBeParked: return "parked"
        case .ready: return task.recovery == .no ? "queued" : "queued, recovered"
        case .waiting(let key): return "waiting for '\(key)'"
        case .suspect: return "a suspect"
        case .running: return "running"
        case .committed(let result):
            let isKept = task.endedAt.map { now < $0 + task.answers } ?? false
            return "committed \(isKept ? "with the result \(String(decoding: result, as: UTF8.self))" : "without its result")"
        case .quarantined(let reason): return "quarantined (\(reason))"
        case .cancelled: return "cancelled"
        }
    }

    /// What holds after every step, whatever happened.
    private func checkInvariants() throws {
        var holders: [String: ModelTask] = [:]
        for task in tasks.values where !task.hasEnded {
            // G3: one live holder of a key.
            if let key = task.new.key {
                if let other = holders[key] { throw ModelMismatch("\(task.label) and \(other.label) are alive with the key '\(key)'") }
                holders[key] = task
            }
            if let run = task.run, workers[run.incarnation] == nil {
                throw ModelMismatch("\(task.label) runs in an incarnation that is gone")
            }
        }
    }
}
