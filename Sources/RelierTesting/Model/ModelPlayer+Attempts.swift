import Foundation
import Relier

extension ModelPlayer {
    func claim(
        _ step: ModelStep, _ worker: ModelStep.Pick, limit: Int, order: ModelStep.Pick, suspects: Bool = false
    ) async throws {
        guard let puppet = pick(worker, of: alive) else { return }
        var queues = puppets[puppet].info.queues
        if order.isMultiple(of: 2) { queues.reverse() }
        // Some claims ask for one queue only, and most for fewer slots than they take.
        if order.isMultiple(of: 5) { queues = [queues[0]] }
        let shares = queues.map { QueueShare(queue: $0, slots: suspects ? 1 : (order / 10) % 3) }
        try await claim(step, puppet, shares: shares, limit: limit, suspects: suspects)
    }

    /// - Returns: what was claimed.
    @discardableResult
    func claim(
        _ step: ModelStep, _ puppet: Int, shares: [QueueShare], limit: Int, suspects: Bool
    ) async throws -> [Attempt] {
        count(suspects ? "claim a suspect" : "claim")
        puppets[puppet].lastRequest += 1
        let request = ClaimRequest(
            incarnation: puppets[puppet].info.incarnation, number: puppets[puppet].lastRequest, shares: shares, limit: limit,
            suspects: suspects)
        let queues = shares.map { "'\($0.queue)' ×\($0.slots)" }.joined(separator: ", ")
        say("w\(puppet) claims \(suspects ? "a suspect" : "up to \(limit)") from \(queues)")
        let reply = try await call(step, .claim, through: puppets[puppet].handle, isResent: false) { engine in
            try await engine.claim(request)
        } judge: { model, found in
            try model.claim(request, found: found)
        }
        guard case .success(let tasks) = reply else {
            if reply != nil { say("refused") }
            return []
        }
        let claimed = tasks.map { Attempt(task: $0.envelope.id, fence: $0.fence, puppet: puppet) }
        for attempt in claimed { puppets[puppet].held[attempt.task] = attempt.fence }
        claims += claimed
        say("gets \(claimed.isEmpty ? "nothing" : claimed.map { label($0.task) }.joined(separator: ", "))")
        return claimed
    }

    func settlement(_ attempt: Attempt, _ outcome: ModelOutcome, salt: UInt64) -> Settlement {
        switch outcome {
        case .commit:
            Settlement(task: attempt.task, fence: attempt.fence, outcome: .commit(result: Data("\(salt % 1000)".utf8)))
        case .retry(let pause, let bodyRuns):
            Settlement(
                task: attempt.task, fence: attempt.fence, outcome: .retry(after: pause, reason: "E", message: "m"), bodyRuns: bodyRuns)
        case .quarantine(let keyHeld):
            Settlement(
                task: attempt.task, fence: attempt.fence, outcome: .quarantine(reason: "E", message: "m", keyHeld: keyHeld),
                bodyRuns: keyHeld)
        case .handBack: Settlement(task: attempt.task, fence: attempt.fence, outcome: .handBack)
        case .snooze(let key): Settlement(task: attempt.task, fence: attempt.fence, outcome: .snooze(key: names.hand(key)))
        }
    }

    func settle(_ step: ModelStep, _ attempt: Attempt, _ outcome: ModelOutcome, byLease: Bool) async throws {
        count("settle")
        let settlement = settlement(attempt, outcome, salt: step.salt)
        say("w\(attempt.puppet) settles \(label(attempt.task)): \(describe(outcome))")
        let lease = byLease ? puppets[attempt.puppet].lease : nil
        let task = model.tasks[attempt.task]
        let reply = try await call(step, .settle, through: puppets[attempt.puppet].handle) { engine in
            let replies = if let lease { try lease.settle([settlement]) } else { try await engine.settle([settlement]) }
            if replies.count != 1 { throw ModelMismatch("one settlement got \(replies.count) replies") }
            return replies[0]
        } judge: { model, found in
            try model.settle(settlement, found: found)
        }
        say(describeFailure(reply))
        if case .success(.done) = reply, let task {
            try ledger.note(settlement.outcome, of: task, under: attempt.fence, at: model.now)
        }
        if puppets[attempt.puppet].held[attempt.task] == attempt.fence { puppets[attempt.puppet].held[attempt.task] = nil }
        if settlement.leavesBody { puppets[attempt.puppet].bodies.append(attempt) }
    }

    private func describe(_ outcome: ModelOutcome) -> String {
        switch outcome {
        case .commit: "commit"
        case .retry(let pause, let bodyRuns): "retry after \(pause)\(bodyRuns ? ", its body runs on" : "")"
        case .quarantine(let keyHeld): "quarantine\(keyHeld ? ", its body runs on" : "")"
        case .handBack: "hand back"
        case .snooze(let key): "wait for 'hand \(key)'"
        }
    }

    /// A worker writes whose task was taken away, or that has ended it.
    func writeLate(_ step: ModelStep, _ claim: ModelStep.Pick, _ write: ModelWrite) async throws {
        guard let attempt = pick(claim, of: claims.filter { !isHeld($0) }) else { return }
        count("late write")
        say("late")
        var step = step
        step.fault = nil
        switch write {
        case .settle(let outcome): try await settle(step, attempt, outcome, byLease: false)
        case .saveCheckpoint: try await saveCheckpoint(step, attempt, 99)
        case .takeKey(let key): try await takeKey(step, attempt, key)
        case .settleKey(let key): try await settleKey(step, attempt, key, hasValue: true)
        case .pushChild(let draft): try await pushChild(step, attempt, draft)
        }
    }

    func saveCheckpoint(_ step: ModelStep, _ attempt: Attempt, _ value: Int?) async throws {
        count("checkpoint")
        let checkpoint = value.map { $0 == 7 ? Checkpoint.file(name: "seven", bytes: 7) : .inline(Data("\($0)".utf8)) }
        say("w\(attempt.puppet) saves \(value.map { "\($0)" } ?? "no checkpoint") of \(label(attempt.task))")
        let reply = try await call(step, .saveCheckpoint, through: step.handle) { engine in
            try await engine.saveCheckpoint(checkpoint, of: attempt.task, fence: attempt.fence)
        } judge: { model, found in
            try model.saveCheckpoint(checkpoint, of: attempt.task, fence: attempt.fence, found: found)
        }
        say(describeFailure(reply))
    }

    func takeKey(_ step: ModelStep, _ attempt: Attempt, _ key: Int) async throws {
        count("take a key")
        let name = names.hand(key)
        say("w\(attempt.puppet) takes '\(name)' for \(label(attempt.task))")
        let reply = try await call(step, .acquireKey, through: step.handle) { engine in
            try await engine.acquireKey(name, for: attempt.task, fence: attempt.fence)
        } judge: { model, found in
            try model.acquireKey(name, for: attempt.task, fence: attempt.fence, found: found)
        }
        say(describeFailure(reply))
        // Most bodies do as the lock does, and wait.
        guard case .success(.held) = reply, isHeld(attempt), step.salt % 4 != 0 else { return }
        var step = step
        step.fault = nil
        try await settle(step, attempt, .snooze(key: key), byLease: false)
    }

    func settleKey(_ step: ModelStep, _ attempt: Attempt, _ key: Int, hasValue: Bool) async throws {
        count("settle a key")
        let name = names.hand(key)
        let value = hasValue ? KeyValue(value: step.salt % 3 == 0 ? nil : Data("1".utf8), ttl: .minutes(15)) : nil
        say("w\(attempt.puppet) settles '\(name)' for \(label(attempt.task)) \(hasValue ? "with a value" : "without one")")
        let reply = try await call(step, .settleKey, through: step.handle) { engine in
            try await engine.settleKey(name, for: attempt.task, fence: attempt.fence, value: value)
        } judge: { model, found in
            try model.settleKey(name, for: attempt.task, fence: attempt.fence, value: value, found: found)
        }
        say(describeFailure(reply))
    }

    func bodyReturned(_ step: ModelStep, _ pick: ModelStep.Pick) async throws {
        let bodies = alive.flatMap { puppets[$0].bodies }
        guard let attempt = self.pick(pick, of: bodies.isEmpty ? claims.filter { !isHeld($0) } : bodies) else { return }
        count("body returned")
        say("the body of \(label(attempt.task)) in w\(attempt.puppet) returns")
        puppets[attempt.puppet].bodies.removeAll { $0 == attempt }
        try await call(step, .bodyReturned, through: step.handle) { engine in
            try await engine.bodyReturned(attempt.task, fence: attempt.fence)
        } judge: { model, found in
            try model.bodyReturned(attempt.task, fence: attempt.fence, found: found)
        }
    }
}
