import Foundation
import Relier

extension ModelPlayer {
    func pushChild(_ step: ModelStep, _ attempt: Attempt, _ draft: ModelDraft) async throws {
        try await send(step, [task(draft, salt: step.salt, parent: attempt)], "push a child")
    }

    func cancel(_ step: ModelStep, _ pick: ModelStep.Pick, terminate: Bool) async throws {
        guard let task = self.pick(pick, of: sorted) else { return }
        count("cancel")
        say("an operator cancels \(task.label)\(terminate ? " at once" : "")")
        let reply = try await call(step, .cancel, through: step.handle) { engine in
            try await engine.cancel(task.id, terminate: terminate)
        } judge: { model, found in
            try model.cancel(task.id, terminate: terminate, found: found)
        }
        say(describeFailure(reply))
    }

    func releaseDeadLetter(_ step: ModelStep, _ pick: ModelStep.Pick, fresh: Bool) async throws {
        guard let task = self.pick(pick, of: sorted.filter(\.isQuarantined)) else { return }
        count("release a dead letter")
        say("an operator releases \(task.label)\(fresh ? " with a fresh count" : "")")
        let reply = try await call(step, .releaseDeadLetter, through: step.handle) { engine in
            try await engine.releaseDeadLetter(task.id, fresh: fresh)
        } judge: { model, found in
            try model.releaseDeadLetter(task.id, fresh: fresh, found: found)
        }
        say(describeFailure(reply))
    }

    func setPaused(_ step: ModelStep, _ isPaused: Bool, _ queue: Int) async throws {
        count("pause")
        let queue = names.queues[queue]
        say("the queue '\(queue)' is \(isPaused ? "paused" : "resumed")")
        try await call(step, .setPaused, through: step.handle) { engine in
            try await engine.setPaused(isPaused, queue: queue)
        } judge: { model, found in
            try model.setPaused(isPaused, queue: queue, found: found)
        }
    }
}
