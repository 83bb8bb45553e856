import Foundation
import Relier

extension ModelPlayer {
    func play(_ step: ModelStep) async throws {
        switch step.action {
        case .push(let drafts, let parent): try await push(step, drafts, parent: parent)
        case .pushAgain(let pick): try await pushAgain(step, pick)
        case .join(let profile): try await join(step, profile)
        case .claim(let worker, let limit, let order): try await claim(step, worker, limit: limit, order: order)
        case .loseAlone(let death, let limits): try await loseAlone(step, death, limits)
        case .claimSuspect(let worker): try await claim(step, worker, limit: 1, order: 0, suspects: true)
        case .settle(let attempt, let outcome, let byLease):
            guard let attempt = pick(attempt, of: attempts) else { return }
            try await settle(step, attempt, outcome, byLease: byLease)
        case .writeLate(let claim, let write): try await writeLate(step, claim, write)
        case .saveCheckpoint(let attempt, let value):
            guard let attempt = pick(attempt, of: attempts) else { return }
            try await saveCheckpoint(step, attempt, value)
        case .takeKey(let attempt, let key):
            guard let attempt = pick(attempt, of: attempts) else { return }
            try await takeKey(step, attempt, key)
        case .settleKey(let attempt, let key, let hasValue):
            guard let attempt = pick(attempt, of: attempts) else { return }
            try await settleKey(step, attempt, key, hasValue: hasValue)
        case .bodyReturned(let pick): try await bodyReturned(step, pick)
        case .renew(let worker, let forgets):
            guard let puppet = pick(worker, of: alive) else { return }
            try await renew(step, puppet, forgets: forgets)
        case .die(let worker, let death, let limits): try await die(step, worker, death, limits)
        case .vanish(let worker): try await vanish(step, worker)
        case .loseLease(let worker, let renews): try await loseLease(step, worker, renewsMeanwhile: renews)
        case .leave(let worker): try await leave(step, worker)
        case .cancel(let task, let terminate): try await cancel(step, task, terminate: terminate)
        case .releaseDeadLetter(let task, let fresh): try await releaseDeadLetter(step, task, fresh: fresh)
        case .setPaused(let isPaused, let queue): try await setPaused(step, isPaused, queue)
        case .passTime(let time): try await passTime(time)
        case .jumpWallClock(let time): try await jumpWallClock(time)
        case .tend: try await tend(step)
        }
    }

    // Pushing

    /// The limits of the history, of its own task.
    var rules: [LimitRule] {
        history.rules.map { rule in
            var rule = rule
            rule.task = names.work
            return rule
        }
    }

    func task(_ draft: ModelDraft, salt: UInt64, parent: Attempt?) -> NewTask {
        // A child's id follows from its parent and its number, any other from the step.
        var source = SplitMix64(state: (parent?.task.low ?? salt) &+ UInt64(draft.number))
        let id = TaskID(high: source.next() & ~0xf000 | 0x8000, low: source.next() & ~(3 << 62) | 2 << 62)
        let key = draft.limit.map { "\($0)" }
        let payload = key.map { #"{"k":"\#($0)"}"# } ?? "{}"
        let due: Due =
            switch draft.due {
            case .now: .now
            case .after(let pause): .after(pause)
            case .at(let pause): .at(model.wall.addingTimeInterval(Double(pause.components.seconds)))
            }
        let limits =
            draft.isOther || key == nil ? [] : rules.map { LimitKey($0, key: $0.arguments.isEmpty ? "" : key ?? "") }
        return NewTask(
            envelope: Envelope(
                id: id, name: draft.isOther ? names.other : names.work, version: draft.isOther ? 1 : draft.version,
                payload: Data(payload.utf8),
                enqueuedAt: model.now),
            queue: names.queues[draft.queue], due: due, key: draft.key.map { names.key($0) },
            keyTTL: draft.isShortLived ? .minutes(10) : .hours(2), resultTTL: draft.isShortLived ? .minutes(5) : .hours(30),
            parent: parent.map { (id: $0.task, fence: $0.fence) }, limits: limits)
    }

    private func push(_ step: ModelStep, _ drafts: [ModelDraft], parent: ModelStep.Pick?) async throws {
        var attempt: Attempt?
        if let parent {
            attempt = pick(parent, of: attempts)
            if attempt == nil { return }
        }
        try await send(step, drafts.map { task($0, salt: step.salt, parent: attempt) }, attempt == nil ? "push" : "push children")
    }

    private func pushAgain(_ step: ModelStep, _ pick: ModelStep.Pick) async throws {
        guard let tasks = self.pick(pick, of: pushes) else { return }
        try await send(step, tasks, "push again")
    }

    func send(_ step: ModelStep, _ tasks: [NewTask], _ what: String) async throws {
        // Nobody uses an id again whose record has expired while a body of its first life still runs.
        if tasks.contains(where: { model.tasks[$0.envelope.id] == nil && model.hasBody($0.envelope.id) }) { return }
        count(what)
        pushes.append(tasks)
        let reply = try await call(step, .push, through: step.handle) { engine in
            try await engine.push(tasks)
        } judge: { model, found in
            try model.push(tasks, found: found)
        }
        say("\(what) \(tasks.map(describe).joined(separator: " and ")): \(describe(reply))")
    }

    private func describe(_ task: NewTask) -> String {
        var text = "\(label(task.envelope.id)) (\(task.envelope.name) \(task.envelope.version), queue '\(task.queue)'"
        if let key = task.key { text += ", '\(key)' for \(task.keyTTL)" }
        if task.due != .now { text += ", due \(task.due)" }
        for limit in task.limits { text += ", limited by \(limit.rule.kind)\(limit.key.isEmpty ? "" : " '\(limit.key)'")" }
        if let parent = task.parent { text += ", child of \(label(parent.id))" }
        return text + ")"
    }

    private func describe(_ reply: ModelEngine.Reply<[PushOutcome]>?) -> String {
        guard case .success(let outcomes) = reply else { return describeFailure(reply) }
        return model.describe(outcomes)
    }

    func describeFailure<Answer>(_ reply: ModelEngine.Reply<Answer>?) -> String {
        switch reply {
        case nil: "no answer"
        case .success(let answer): "\(answer)"
        case .failure(let error): "\(error.code)"
        }
    }

    // Time

    func passTime(_ time: Duration) async throws {
        count("time")
        say("\(time) pass")
        try await subject.advance(time)
        try await readClocks()
    }

    private func jumpWallClock(_ time: Duration) async throws {
        guard let jump = subject.jumpWallClock else { return }
        count("wall clock")
        say("the wall clock jumps by \(time)")
        try await jump(time)
        try await readClocks()
    }

    /// Reads the clocks, and waits until nothing ends just now.
    private func readClocks() async throws {
        for _ in 0..<100 {
            try await askForTime()
            model.wall = try await subject.wallClock()
            if !model.isNearDeadline() { return }
            try await subject.advance(.seconds(2))
        }
    }

    func tend(_ step: ModelStep) async throws {
        count("housekeeping")
        let limit: Duration? = step.salt.isMultiple(of: 2) ? ModelEngine.unregisteredAfter : nil
        say("housekeeping\(limit == nil ? "" : ", which ends what nobody knows")")
        let engine = handles[step.handle % handles.count]
        var calls = 1
        while try await engine.tend(batch: 500, unregisteredAfter: limit).remaining {
            calls += 1
            if calls > 1000 { throw ModelMismatch("housekeeping comes to no end: something is left after \(calls - 1) calls") }
        }
        model.tend(unregisteredAfter: limit)
    }
}
