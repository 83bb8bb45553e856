import Foundation
import Relier

extension ModelEngine {
    /// Whether a claim may, or must, hand out a task.
    enum Service { case no, maybe, yes }

    mutating func claim(_ request: ClaimRequest, found: Reply<[ClaimedTask]>?) throws {
        guard let worker = workers[request.incarnation] else {
            return try expectError(found, .fenced, "a claim of an incarnation that is not joined")
        }
        guard let found else {
            lostClaim = LostClaim(worker: worker, request: request)
            passOver(request, worker, isExhausted: false)
            return
        }
        let claimed: [ClaimedTask]
        switch found {
        case .success(let tasks): claimed = tasks
        case .failure(let error): throw ModelMismatch("a claim of a joined incarnation: found '\(error.code)' (\(error.message))")
        }
        let limit = request.suspects ? 1 : request.limit
        if claimed.count > limit { throw ModelMismatch("a claim of at most \(limit) gave \(claimed.count)") }
        let before = self
        for task in claimed { try start(task, request, worker) }
        try checkLimits(afterClaiming: claimed.compactMap { tasks[$0.envelope.id] })
        let isExhausted = claimed.count < limit
        if isExhausted { try expectNothingLeft(request, worker) }
        if !request.suspects {
            try expectShares(claimed, request, worker)
            try expectOrder(claimed, request, worker, before: before)
        }
        passOver(request, worker, isExhausted: isExhausted)
    }

    func service(_ task: ModelTask, _ request: ClaimRequest, _ worker: ModelWorker) -> Service {
        guard worker.canRun(task), !paused.contains(task.new.queue) else { return .no }
        let asked = request.shares.contains { $0.queue == task.new.queue }
        if request.suspects {
            // A suspect goes to whoever runs suspects; only those of the queues that were asked for must be found.
            return task.isSuspect ? loneService(task, asked, worker) : .no
        }
        guard task.isReady || isDue(task) else { return .no }
        let hasPool = workers.values.contains(where: \.isDedicated)
        let own = asked ? Service.yes : .no
        var recovered = hasPool ? Service.no : own
        if worker.isDedicated && request.shares.contains(where: { $0.queue == .requeue }) { recovered = .yes }
        if worker.isDedicated && asked { recovered = .yes }
        switch task.recovery {
        case .no: return own
        case .yes: return recovered
        case .maybe: return own == recovered ? own : .maybe
        }
    }

    /// One that has lost a worker while it ran alone has its host to itself, and comes after those that have not.
    private func loneService(_ task: ModelTask, _ asked: Bool, _ worker: ModelWorker) -> Service {
        let running = tasks.values.filter { other in
            guard other.isAlone, let run = other.run else { return false }
            return workers[run.incarnation]?.info.host == worker.info.host
        }
        if running.contains(where: \.isExclusive) { return .no }
        guard task.isExclusive else { return asked ? .yes : .maybe }
        if !running.isEmpty { return .no }
        return asked && !tasks.values.contains(where: { $0.isSuspect && !$0.isExclusive }) ? .yes : .maybe
    }

    private mutating func start(_ found: ClaimedTask, _ request: ClaimRequest, _ worker: ModelWorker) throws {
        guard let task = tasks[found.envelope.id] else {
            throw ModelMismatch("a claim gave \(found.envelope.id), which was never accepted")
        }
        func expect<Value: Equatable>(_ value: Value, _ expected: Value, _ what: String) throws {
            if value != expected { throw ModelMismatch("\(what) of \(task.label) as claimed: expected \(expected), found \(value)") }
        }
        if service(task, request, worker) == .no {
            throw ModelMismatch("a claim gave \(task.label), which is \(describe(task)) and not to be claimed here")
        }
        try expect(found.fence.number, task.fence + 1, "fence")
        try expect(found.attempt, task.failures + 1, "attempt")
        try expect(found.resurrections, task.resurrections, "resurrections")
        try expect(found.checkpoint, task.checkpoint, "checkpoint")
        try expect(found.isSuspect, task.isAlone, "whether it runs alone")
        try expect(found.queue, task.new.queue, "queue")
        try expect(found.key, task.new.key, "key")
        try expect(found.resultTTL, task.new.resultTTL, "time to live of the result")
        if task.new.key != nil { try expect(found.keyTTL, task.new.keyTTL, "time to live of the key") }
        try expect(found.envelope.name, task.new.envelope.name, "name")
        try expect(found.envelope.version, task.new.envelope.version, "version")
        try expect(found.envelope.payload, task.new.envelope.payload, "payload")
        try expect(found.envelope.checksum, task.new.envelope.checksum, "checksum")
        try expectOperation(found.operation, of: task)
        run(task.id, ModelTask.Run(incarnation: request.incarnation, fence: found.fence, request: request.number))
    }

    private mutating func expectOperation(_ name: String?, of task: ModelTask) throws {
        guard task.new.key != nil else {
            if let name { throw ModelMismatch("\(task.label) has no key and yet the operation \(name)") }
            return
        }
        guard let name else { throw ModelMismatch("\(task.label) has a key and no operation") }
        guard let operation = task.operation else { return }
        if let known = operations[operation] {
            if known != name { throw ModelMismatch("the operation of \(task.label): expected \(known) as before, found \(name)") }
        } else if operations.values.contains(name) {
            throw ModelMismatch("the operation of \(task.label): expected a new name, found \(name), which is another's")
        }
        operations[operation] = name
    }

    /// The task runs from here on.
    mutating func run(_ id: TaskID, _ run: ModelTask.Run) {
        enter(id, .running(run))
        change(id) { task in
            task.fence += 1
            task.lastFence = run.fence
            task.checkpointAtStart = task.checkpoint
            // Where it comes back and has no slot any more, those that have one go before it.
            if !task.gates.isEmpty { task.isInOrder = false }
        }
        for gate in tasks[id]?.gates ?? [] where gate.kind.isRate {
            starts[gate, default: []].append(ModelStart(at: now, mustCount: rules.window(of: gate) != nil))
        }
    }

    /// A claim that came back with fewer tasks than it asked for left none that it could have taken.
    private func expectNothingLeft(_ request: ClaimRequest, _ worker: ModelWorker) throws {
        for task in tasks.values where service(task, request, worker) == .yes {
            // Others keep a slot from it only if this claim could not start them, or if they wait for another limit.
            if isHeldBack(task, others: { $0.gates.count > 1 || service($0, request, worker) != .yes }) { continue }
            throw ModelMismatch(
                "a claim of \(request.limit) came back with fewer, although \(task.label) is \(describe(task)) and nothing holds it back")
        }
    }

    /// Each queue gets its share while it has that many, where the shares fit into the limit.
    private func expectShares(_ claimed: [ClaimedTask], _ request: ClaimRequest, _ worker: ModelWorker) throws {
        let slots = request.shares.reduce(0) { $0 + $1.slots }
        if slots > request.limit || request.shares.contains(where: { $0.queue == .requeue }) { return }
        for share in request.shares where claimed.count(where: { $0.queue == share.queue }) < share.slots {
            for task in tasks.values where task.new.queue == share.queue && service(task, request, worker) == .yes {
                // What a rate allows by now is looked for where a claim finds too little else.
                if task.gates.contains(where: \.kind.isRate) || isHeldBack(task, others: { _ in true }) { continue }
                throw ModelMismatch(
                    "'\(share.queue)' got fewer than its share of \(share.slots), although \(task.label) is \(describe(task)) there")
            }
        }
    }

    /// First come, first served, among those whose place nothing has changed. With two limits, a change of one can let them pass each other between the two,
    /// and an engine may order those of one call by their ids once any of them came back.
    private func expectOrder(_ claimed: [ClaimedTask], _ request: ClaimRequest, _ worker: ModelWorker, before: ModelEngine) throws {
        for later in claimed.compactMap({ before.tasks[$0.envelope.id] }) where later.isInOrder && later.new.limits.count <= 1 {
            for earlier in tasks.values where earlier.isInOrder && earlier.number < later.number {
                guard earlier.new.queue == later.new.queue, earlier.new.limits == later.new.limits,
                    keepsOrder || !later.new.limits.isEmpty,
                    service(earlier, request, worker) == .yes
                else { continue }
                if earlier.call == later.call && earlier.id > later.id && max(earlier.fence, later.fence) > 0 { continue }
                throw ModelMismatch("a claim gave \(later.label) before \(earlier.label), which was pushed before it into the same queue")
            }
        }
    }

    /// What the claim passed over may be parked, and what nobody can run must be once it came by everything.
    private mutating func passOver(_ request: ClaimRequest, _ worker: ModelWorker, isExhausted: Bool) {
        if request.suspects { return }
        for task in tasks.values where task.isReady || isDue(task) {
            let isAsked = request.shares.contains { $0.queue == task.new.queue || $0.queue == .requeue }
            guard isAsked, !paused.contains(task.new.queue) else { continue }
            let isUnknown = !worker.canRun(task)
            let isNobodys = isUnknown && !workers.values.contains { $0.canRun(task) }
            let isOwn = request.shares.contains { $0.queue == task.new.queue }
            change(task.id) { task in
                if isUnknown {
                    task.mayBeParked = true
                    task.isInOrder = false
                }
                if isNobodys && isExhausted && isOwn && task.recovery == .no && task.gates.isEmpty { task.mustBeParked = true }
                if isExhausted && isOwn { task.mustBePromoted = true }
            }
        }
    }
}
