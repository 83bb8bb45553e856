import Foundation
import Relier

extension ModelEngine {
    mutating func join(_ info: WorkerInfo, found: Reply<Void>?) throws {
        joined += 1
        let worker = ModelWorker(info: info, number: joined)
        workers[info.incarnation] = worker
        queues.formUnion(info.queues.filter { $0 != .requeue })
        let before = rules
        rules.declare(info.kinds)
        // What was queued under the limit that was goes before what waited at it.
        for task in tasks.values where task.gates.contains(where: { rules.standing(of: $0) != before.standing(of: $0) }) {
            change(task.id) { $0.isInOrder = false }
        }
        // What it can run comes back.
        for task in tasks.values where worker.canRun(task) {
            change(task.id) { task in
                task.mayBeParked = false
                task.mustBeParked = false
            }
        }
        try expectSuccess(found, "joining")
    }

    mutating func leave(_ incarnation: Incarnation, found: Reply<Void>?) throws {
        try expectSuccess(found, "leaving")
        for id in held(by: incarnation) { handBack(id, "handed-back") }
        forget(incarnation)
    }

    func held(by incarnation: Incarnation) -> [TaskID] {
        tasks.values.filter { $0.run?.incarnation == incarnation }.sorted { $0.number < $1.number }.map(\.id)
    }

    private mutating func forget(_ incarnation: Incarnation) {
        guard workers.removeValue(forKey: incarnation) != nil else { return }
        freeKept(in: incarnation)
    }

    /// - Parameters:
    ///   - dead: the joined incarnations that the target means, if they are as dead as it says.
    ///   - joined: those that are joined after it.
    mutating func release(
        _ dead: [Incarnation], death: Death, limits: ReleaseLimits, found: Reply<ReleaseReport>?, joined: Set<Incarnation>
    ) throws {
        let dead = dead.filter { workers[$0] != nil }
        let held = dead.flatMap { self.held(by: $0) }
        var moved = held
        var report: ReleaseReport?
        if case .success(let answer) = found {
            report = answer
            let named = Set(answer.requeued + answer.suspects + answer.quarantined + answer.handedBack)
            if !named.isSubset(of: held) {
                throw ModelMismatch("a release moves what its target did not hold: \(names(named.subtracting(held)))")
            }
            if answer.remaining { moved = held.filter(named.contains) }
            try check(answer, moved: moved, held: held, limits: limits)
        } else if case .failure(let error) = found {
            throw ModelMismatch("a release: found '\(error.code)' (\(error.message))")
        }
        for id in moved { try release(id, death: death, limits: limits, report) }
        for incarnation in dead {
            // Where something remains, an engine may not have come to those that hold nothing.
            if report?.remaining == true && joined.contains(incarnation) { continue }
            forget(incarnation)
        }
    }

    private func check(_ report: ReleaseReport, moved: [TaskID], held: [TaskID], limits: ReleaseLimits) throws {
        if moved.count > limits.batch { throw ModelMismatch("a release of at most \(limits.batch) moved \(moved.count)") }
        if report.throttled && !report.remaining { throw ModelMismatch("a release is throttled and yet nothing remains") }
        let waiting = tasks.values.count { $0.isReady && $0.recovery == .yes && $0.gates.isEmpty && $0.parkedSince == nil }
        if waiting >= limits.maxRequeueDepth && !moved.isEmpty {
            throw ModelMismatch("a release moves \(moved.count), although \(waiting) recovered ones wait, which is the bound")
        }
        let isBounded = held.count >= limits.batch || report.throttled
        if report.remaining && !isBounded {
            throw ModelMismatch("a release leaves something behind, although its limits allow all \(held.count)")
        }
        if report.throttled && limits.maxRequeueDepth >= tasks.count {
            throw ModelMismatch("a release is throttled by \(limits.maxRequeueDepth) recovered tasks, of which there cannot be so many")
        }
    }

    private mutating func release(_ id: TaskID, death: Death, limits: ReleaseLimits, _ report: ReleaseReport?) throws {
        guard let task = tasks[id] else { return }
        var losses = task.losses
        losses.forget(progressed: task.progressed, at: now)
        let waitingAlone = tasks.values.count(where: \.isSuspect)
        let fate = Fate.of(death, Fate.Case(losses, ranAlone: task.isAlone, waitingAlone: waitingAlone, limits: limits))
        losses.count(ranAlone: task.isAlone, at: now)
        if let report, !task.isCancelling || fate.isQuarantine {
            let list =
                switch fate {
                case .handBack: report.handedBack
                case .requeue: report.requeued
                case .suspect: report.suspects
                case .quarantine: report.quarantined
                }
            if !list.contains(id) { throw ModelMismatch("a release after '\(death.label)': \(task.label) is not reported as \(fate)") }
        }
        note("worker-gone", of: id)
        if fate != .handBack { change(id) { $0.losses = losses } }
        if case .quarantine(let reason) = fate { return end(id, as: .quarantined(reason: reason), keptIn: nil) }
        if task.isCancelling { return end(id, as: .cancelled, keptIn: nil) }
        switch fate {
        case .handBack: if task.recovery == .yes { change(id) { $0.recovery = .maybe } }
        case .requeue, .suspect, .quarantine:
            change(id) { task in
                task.recovery = .yes
                task.isInOrder = false
                task.isAlone = fate == .suspect
            }
        }
        makeReady(id)
    }

    private func names(_ ids: Set<TaskID>) -> String { ids.map(label).sorted().joined(separator: ", ") }

    mutating func renew(_ incarnation: Incarnation, _ heartbeat: Heartbeat, found: Reply<Renewal>?) throws {
        guard workers[incarnation] != nil else { return try expect(found, .gone, "renewal of an incarnation that is not joined") }
        let held = held(by: incarnation).compactMap { tasks[$0] }
        let strays = held.filter { task in
            guard let run = task.run, run.request <= heartbeat.settledThrough else { return false }
            return run.fence == nil || heartbeat.holding[task.id] != run.fence
        }
        if let found {
            guard case .success(.renewed(let lost, let count, nil)) = found else {
                throw ModelMismatch("renewal of a joined incarnation: found \(found)")
            }
            if count != strays.count { throw ModelMismatch("strays of a renewal: expected \(strays.count), found \(count)") }
            let gone = heartbeat.holding.filter { id, fence in
                tasks[id]?.isRunning(under: fence) != true || tasks[id]?.run?.incarnation != incarnation
            }
            // Whether what it settled itself counts as lost is the engine's choice.
            let unsettled = gone.filter { id, fence in tasks[id]?.settled.contains(fence) != true }
            if !Set(lost).isSubset(of: gone.keys) || !Set(unsettled.keys).isSubset(of: lost) {
                throw ModelMismatch("tasks lost to a renewal: expected \(names(Set(unsettled.keys))), found \(names(Set(lost)))")
            }
        }
        for task in strays { handBack(task.id, "stray") }
    }
}

extension Fate {
    fileprivate var isQuarantine: Bool {
        if case .quarantine = self { return true }
        return false
    }
}
