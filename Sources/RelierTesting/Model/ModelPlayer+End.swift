import Foundation
import Relier

extension ModelPlayer {
    /// All workers die, all queues are resumed, and one worker runs what is left: every task must come to an end (G1).
    func runToTheEnd() async throws {
        say("in the end all workers die, and one that can do everything takes their place")
        let plain = ModelStep(action: .tend, handle: 0, fault: nil, salt: 1)
        for process in Set(model.workers.values.map(\.info.process)).sorted() {
            try await release(plain, process: process, .signalled(9), ReleaseLimits(maxResurrections: 1000, maxLosses: 1000))
        }
        for queue in model.paused.sorted(by: { $0.name < $1.name }) {
            try await handles[0].setPaused(false, queue: queue)
            try model.setPaused(false, queue: queue, found: .success(()))
        }
        // Who of those that wait for a key goes on is seen before anybody is claimed.
        try await observe()
        _ = try await join(
            plain,
            WorkerInfo(
                incarnation: .next(), process: .next(), name: "last", host: "stage", pid: 1, queues: Array(names.queues[..<2]),
                concurrency: 100,
                kinds: [TaskKind(name: names.work, version: 9, limits: rules), TaskKind(name: names.other, version: 9)],
                lease: .seconds(5)))
        for _ in 0..<200 where !model.live.isEmpty { try await runOnce(plain, puppets.count - 1) }
        if let left = model.live.min(by: { $0.number < $1.number }) {
            throw ModelMismatch("\(left.label) comes to no end, whoever runs; it is \(model.describe(left))")
        }
        try await compareTheEnd()
        try await leave(plain, alive.count - 1)
    }

    private func runOnce(_ step: ModelStep, _ puppet: Int) async throws {
        let shares = puppets[puppet].info.queues.map { QueueShare(queue: $0, slots: 50) }
        var claimed = try await claim(step, puppet, shares: shares, limit: 100, suspects: false)
        while case let suspect = try await claim(step, puppet, shares: shares, limit: 1, suspects: true), !suspect.isEmpty {
            claimed += suspect
        }
        for attempt in claimed { try await settle(step, attempt, .commit, byLease: false) }
        try await observe(through: 1)
        if !claimed.isEmpty || model.live.isEmpty { return }
        // Longer than any delay, pause or window; a date may have moved away with the wall clock.
        let dates = model.live.compactMap { task in
            if case .scheduled(.wall(let date)) = task.phase { date.timeIntervalSince(model.wall) } else { nil }
        }
        try await passTime(max(.minutes(21), .seconds(Int64(dates.max() ?? 0) + 10)))
        try await tend(step)
        try await observe()
    }

    /// What the operators' listings say of it all.
    private func compareTheEnd() async throws {
        let engine = handles[0]
        try expectJoined(try await engine.leases())
        for queue in try await engine.queues() where names.queues.contains(queue.queue) {
            let left = queue.queued + queue.recovered + queue.scheduled + queue.running + queue.parked + queue.suspects + queue.waiting
            if left > 0 { throw ModelMismatch("all tasks have ended, and the queue '\(queue.queue)' counts \(left)") }
        }
        let dead = sorted.filter(\.isQuarantined).map(\.id)
        var letters: [DeadLetterSummary] = []
        for name in [names.work, names.other] { letters += try await engine.deadLetters(DeadLetterQuery(name: name, limit: 1000)).items }
        if Set(letters.map(\.id)) != Set(dead) || letters.count != dead.count {
            throw ModelMismatch("dead letters in the end: expected \(dead.map(label)), found \(letters.map { label($0.id) })")
        }
        for task in sorted {
            guard let details = try await engine.inspect(task.id) else { throw ModelMismatch("\(task.label) cannot be inspected") }
            let found = details.history.map(\.outcome)
            if found != task.history { throw ModelMismatch("history of \(task.label): expected \(task.history), found \(found)") }
            if let letter = letters.first(where: { $0.id == task.id }), letter.resurrections != task.resurrections {
                throw ModelMismatch("resurrections of \(task.label): expected \(task.resurrections), found \(letter.resurrections)")
            }
        }
    }
}
