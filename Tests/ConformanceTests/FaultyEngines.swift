import Foundation
import Relier
import Synchronization

/// A fault that an engine could have, planted into one that has none: the model test must find it.
enum PlantedFault: String, CaseIterable, Sendable {
    case forgetsPartsOfBatches, acceptsDuplicates, startsDelayedTasksEarly
    case commitsUnderOldFences, commitsTwice, dropsCheckpoints, doesNotCountAttempts
    case keepsSlots, exceedsLimits, claimsFromPausedQueues, claimsOutOfTurn
    case freesKeysOfRunningBodies, keepsKeysOfReturnedBodies, leavesWaitersAsleep, handsOneKeyToTwo
    case resurrectsForEver, forgivesTraps, releasesTheLiving, losesStrays, losesParkedTasks, ignoresCancellations

    func planted(in engine: any Engine) -> any Engine { FaultyEngine(engine: engine, fault: self) }
}

private final class FaultyEngine: ForwardingEngine {
    let engine: any Engine
    let fault: PlantedFault
    private let fences = Mutex<[TaskID: Fence]>([:])

    init(engine: any Engine, fault: PlantedFault) {
        self.engine = engine
        self.fault = fault
    }

    func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        var tasks = tasks
        switch fault {
        case .forgetsPartsOfBatches where tasks.count > 1:
            return try await engine.push(tasks.dropLast(), admission: admission) + [.accepted]
        case .startsDelayedTasksEarly:
            for index in tasks.indices {
                if case .after(let pause) = tasks[index].due { tasks[index].due = .after(pause / 2) }
            }
        default: break
        }
        let outcomes = try await engine.push(tasks, admission: admission)
        if fault != .acceptsDuplicates { return outcomes }
        return outcomes.map { if case .duplicate = $0 { .accepted } else { $0 } }
    }

    func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder {
        var worker = worker
        if fault == .exceedsLimits {
            for kind in worker.kinds.indices {
                for limit in worker.kinds[kind].limits.indices { worker.kinds[kind].limits[limit].maximum += 1 }
            }
        }
        return fault == .losesStrays ? Forgetful(lease: try await engine.join(worker)) : try await engine.join(worker)
    }

    func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] {
        var request = request
        if fault == .claimsOutOfTurn, !request.suspects { request.limit = 100 }
        var claimed = try await engine.claim(request)
        if fault == .claimsOutOfTurn { claimed = Array(claimed.suffix(1)) }
        fences.withLock { fences in
            for task in claimed { fences[task.envelope.id] = task.fence }
        }
        return claimed
    }

    func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        let changed = settlements.map { settlement in
            var settlement = settlement
            switch (fault, settlement.outcome) {
            case (.keepsSlots, .commit): settlement.bodyRuns = true
            case (.freesKeysOfRunningBodies, .quarantine(let reason, let message, true)):
                settlement.outcome = .quarantine(reason: reason, message: message, keyHeld: false)
            case (.doesNotCountAttempts, .retry(after: .zero, _, _)): settlement.outcome = .handBack
            case (.commitsUnderOldFences, .commit):
                settlement.fence = fences.withLock { $0[settlement.task] } ?? settlement.fence
            default: break
            }
            return settlement
        }
        let replies = try await engine.settle(changed)
        if fault != .commitsTwice { return replies }
        return zip(settlements, replies).map { settlement, reply in
            if case .commit = settlement.outcome { .done } else { reply }
        }
    }

    func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        try await engine.saveCheckpoint(fault == .dropsCheckpoints ? nil : checkpoint, of: task, fence: fence)
    }

    func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        let answer = try await engine.acquireKey(key, for: task, fence: fence)
        if fault == .handsOneKeyToTwo, case .held = answer { return .acquired }
        return answer
    }

    func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        if fault == .leavesWaitersAsleep && value == nil { return }
        try await engine.settleKey(key, for: task, fence: fence, value: value)
    }

    func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        if fault != .keepsKeysOfReturnedBodies { try await engine.bodyReturned(task, fence: fence) }
    }

    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport {
        var limits = limits
        var death = death
        var target = target
        switch (fault, target) {
        case (.resurrectsForEver, _): (limits.maxResurrections, limits.maxLosses) = (100, 100)
        case (.forgivesTraps, _): death = .signalled(9)
        case (.releasesTheLiving, .incarnation(let incarnation, counter: .some)):
            let counter = try await engine.leases().first { $0.incarnation == incarnation }?.counter
            target = .incarnation(incarnation, counter: counter)
        default: break
        }
        return try await engine.release(target, death: death, limits: limits)
    }

    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        if fault == .losesParkedTasks, let lost = try await engine.tasks(TaskQuery(state: .parked)).items.first {
            _ = try await engine.cancel(lost.id, terminate: true)
        }
        return try await engine.tend(batch: batch, unregisteredAfter: unregisteredAfter)
    }

    func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        if fault == .ignoresCancellations && !terminate { return .afterThisRun }
        return try await engine.cancel(id, terminate: terminate)
    }

    func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) {
        try await engine.setPaused(isPaused, queue: queue)
        if fault == .claimsFromPausedQueues && isPaused { try await engine.setPaused(false, queue: queue) }
    }
}

/// A lease whose renewals overlook what the worker does not name.
private struct Forgetful: LeaseHolder {
    let lease: any LeaseHolder

    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal {
        var heartbeat = heartbeat
        heartbeat.settledThrough = 0
        return try lease.renew(heartbeat)
    }

    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply] { try lease.settle(settlements) }
}
