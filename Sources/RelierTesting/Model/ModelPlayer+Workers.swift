import Foundation
import Relier

extension ModelPlayer {
    private static let maxWorkers = 4

    func join(_ step: ModelStep, _ profile: ModelProfile) async throws {
        if alive.count >= Self.maxWorkers { return }
        let process = profile.sharesProcess.flatMap { pick($0, of: alive) }.map { puppets[$0].info.process }
        let info = info(profile, process: process ?? .next())
        if try await join(step, info) { return }
        // The incarnation of a lost join must not be used again; its process may.
        var again = step
        again.fault = nil
        _ = try await join(again, self.info(profile, process: info.process))
    }

    private func info(_ profile: ModelProfile, process: TaskID) -> WorkerInfo {
        var kinds: [TaskKind] = []
        if profile.knowsWork {
            let limits = zip(rules, profile.maxima).compactMap { rule, maximum in
                maximum.map { LimitRule(task: rule.task, kind: rule.kind, arguments: rule.arguments, maximum: $0, window: rule.window) }
            }
            kinds.append(TaskKind(name: names.work, version: profile.version, limits: limits))
        }
        if profile.knowsOther { kinds.append(TaskKind(name: names.other, version: 1)) }
        return WorkerInfo(
            incarnation: .next(), process: process, name: "puppet", host: profile.isElsewhere ? "annex" : "stage", pid: 1,
            queues: profile.queues.map { names.queues[$0] } + (profile.isDedicated ? [.requeue] : []), concurrency: 10, kinds: kinds,
            lease: .seconds(5))
    }

    /// - Returns: whether the answer arrived.
    func join(_ step: ModelStep, _ info: WorkerInfo) async throws -> Bool {
        count("join")
        let limits = info.kinds.flatMap { kind in kind.limits.map { "\($0.kind) ≤ \($0.maximum)" } }
        say("w\(puppets.count) joins: \(info.kinds.map { "\($0.name) \($0.version)" }.joined(separator: ", ")); \(info.queues); \(limits)")
        let reply = try await call(step, .join, through: step.handle, isResent: false) { engine in
            try await engine.join(info)
        } judge: { model, found in
            try model.join(info, found: found?.map { _ in })
        }
        guard case .success(let lease) = reply else { return false }
        puppets.append(Puppet(info: info, lease: lease, handle: step.handle))
        return true
    }

    func renew(_ step: ModelStep, _ puppet: Int, forgets: Bool) async throws {
        count("renew")
        say("w\(puppet) renews")
        if forgets, let forgotten = puppets[puppet].held.keys.sorted().first {
            say("without naming \(label(forgotten))")
            puppets[puppet].held[forgotten] = nil
        }
        let heartbeat = Heartbeat(holding: puppets[puppet].held, settledThrough: puppets[puppet].lastRequest)
        let lease = puppets[puppet].lease
        let incarnation = puppets[puppet].info.incarnation
        let reply = try await call(step, .renew, through: puppets[puppet].handle) { _ in
            try lease.renew(heartbeat)
        } judge: { model, found in
            try model.renew(incarnation, heartbeat, found: found)
        }
        switch reply {
        case .success(.renewed(let lost, _, _)):
            say(lost.isEmpty ? "" : "has lost \(lost.map(label).joined(separator: ", "))")
            for id in lost {
                guard let fence = puppets[puppet].held.removeValue(forKey: id) else { continue }
                puppets[puppet].bodies.append(Attempt(task: id, fence: fence, puppet: puppet))
            }
        case .success(.gone):
            say("is gone")
            puppets[puppet].isAlive = false
        default: break
        }
    }

    // Ends

    func die(_ step: ModelStep, _ worker: ModelStep.Pick, _ death: Death, _ limits: ReleaseLimits) async throws {
        guard let puppet = pick(worker, of: alive) else { return }
        count("die")
        let process = puppets[puppet].info.process
        say("the process of w\(puppet) dies (\(death.label)), \(limits.maxResurrections) resurrections")
        try await release(step, process: process, death, limits)
    }

    func loseAlone(_ step: ModelStep, _ death: Death, _ limits: ReleaseLimits) async throws {
        guard model.tasks.values.contains(where: \.isSuspect) else { return }
        count("lose alone")
        var plain = step
        plain.fault = nil
        _ = try await join(plain, info(.plain(limits: rules.count), process: .next()))
        let puppet = puppets.count - 1
        let shares = puppets[puppet].info.queues.map { QueueShare(queue: $0, slots: 1) }
        try await claim(plain, puppet, shares: shares, limit: 1, suspects: true)
        try await observe()
        try await die(step, alive.count - 1, death, limits)
    }

    /// Everything of a process is released, unless recovered tasks wait already; in small batches sometimes only a part, as when its supervisor dies meanwhile.
    func release(_ step: ModelStep, process: TaskID, _ death: Death, _ limits: ReleaseLimits) async throws {
        for index in puppets.indices where puppets[index].info.process == process { puppets[index].isAlive = false }
        let incarnations = model.workers.values.filter { $0.info.process == process }.sorted { $0.number < $1.number }
        var limits = limits
        // One that keeps tasks in several places may be done with a process in one of them and not yet in another, and lets go there of what its bodies held.
        if !subject.keepsOrder && incarnations.contains(where: { model.keepsSomething(in: $0.info.incarnation) }) {
            limits = ReleaseLimits(
                maxResurrections: limits.maxResurrections, maxLosses: limits.maxLosses, maxLoneTasks: limits.maxLoneTasks)
        }
        let isWhole = limits.batch >= 1000 && limits.maxRequeueDepth >= 1000
        for _ in 0..<50 {
            let report = try await release(
                step, .process(process), incarnations.map(\.info.incarnation), death, limits, isLossy: isWhole)
            guard let report, report.remaining, !report.throttled, step.salt % 3 != 0 else { return }
            try await observe()
        }
        throw ModelMismatch("a release comes to no end")
    }

    @discardableResult
    private func release(
        _ step: ModelStep, _ target: ReleaseTarget, _ dead: [Incarnation], _ death: Death, _ limits: ReleaseLimits, isLossy: Bool
    ) async throws -> ReleaseReport? {
        var step = step
        // What a lost call moved of a process could not be told.
        if !isLossy { step.fault = nil }
        var joined: Set<Incarnation> = []
        let engine = handles[step.handle % handles.count]
        let reply = try await call(step, .release, through: step.handle) { lossy in
            let report = try await lossy.release(target, death: death, limits: limits)
            if report.remaining { joined = Set(try await engine.leases().map(\.incarnation)) }
            return report
        } judge: { model, found in
            try model.release(dead, death: death, limits: limits, found: found, joined: joined)
        }
        guard case .success(let report) = reply else { return nil }
        say("\(report.requeued.count) queued again, \(report.suspects.count) suspects, \(report.quarantined.count) quarantined")
        return report
    }

    func vanish(_ step: ModelStep, _ worker: ModelStep.Pick) async throws {
        guard let kill = subject.simulateDeath, let puppet = pick(worker, of: alive) else { return }
        count("vanish")
        say("w\(puppet) vanishes, and the engine notices")
        let incarnation = puppets[puppet].info.incarnation
        try await kill(incarnation)
        puppets[puppet].isAlive = false
        try await release(
            step, .incarnation(incarnation, counter: nil), [incarnation], .lockFreed,
            ReleaseLimits(maxResurrections: 50, maxLoneTasks: 1000), isLossy: true)
    }

    func loseLease(_ step: ModelStep, _ worker: ModelStep.Pick, renewsMeanwhile: Bool) async throws {
        guard let puppet = pick(worker, of: alive) else { return }
        let incarnation = puppets[puppet].info.incarnation
        let sightings = try await handles[step.handle % handles.count].leases()
        try expectJoined(sightings)
        guard let counter = sightings.first(where: { $0.incarnation == incarnation })?.counter else { return }
        count("lease")
        var plain = step
        plain.fault = nil
        if renewsMeanwhile { try await renew(plain, puppet, forgets: false) }
        say("a sweeper holds w\(puppet) for dead")
        let target = ReleaseTarget.incarnation(incarnation, counter: counter)
        try await release(
            step, target, renewsMeanwhile ? [] : [incarnation], .leaseEnded, ReleaseLimits(maxResurrections: 50, maxLoneTasks: 1000),
            isLossy: true)
    }

    func expectJoined(_ sightings: [LeaseSighting]) throws {
        if Set(sightings.map(\.incarnation)) == Set(model.workers.keys) && sightings.count == model.workers.count { return }
        throw ModelMismatch("joined incarnations: expected \(model.workers.count), found \(sightings.count)")
    }

    func leave(_ step: ModelStep, _ worker: ModelStep.Pick) async throws {
        guard let puppet = pick(worker, of: alive) else { return }
        count("leave")
        say("w\(puppet) leaves")
        let incarnation = puppets[puppet].info.incarnation
        puppets[puppet].isAlive = false
        try await call(step, .leave, through: step.handle) { engine in
            try await engine.leave(incarnation)
        } judge: { model, found in
            try model.leave(incarnation, found: found)
        }
    }
}
