import Foundation
import Relier

extension EngineConformance {
    static let deadLetterChecks: [Check] = [
        Check("aDeadLetterTellsWhatHappened") { try await $0.aDeadLetterTellsWhatHappened() },
        Check("deadLettersAreListedByPagesAndFilters") { try await $0.deadLettersAreListedByPagesAndFilters() },
        Check("aReleasedTaskStartsAgainInItsQueue") { try await $0.aReleasedTaskStartsAgainInItsQueue() },
        Check("aFreshReleaseForgetsResurrections") { try await $0.aFreshReleaseForgetsResurrections() },
        Check("onlyADeadLetterIsReleased") { try await $0.onlyADeadLetterIsReleased() },
        Check("concurrentReleasesOfOneDeadLetterHappenOnce") { try await $0.concurrentReleasesOfOneDeadLetterHappenOnce() },
        Check("aReleaseTakesTheKeyAgain") { try await $0.aReleaseTakesTheKeyAgain() },
        Check("aReleaseIsRefusedWhileAnotherHoldsTheKey") { try await $0.aReleaseIsRefusedWhileAnotherHoldsTheKey() },
        Check("aReleaseIsRefusedWhileTheKeyIsAnswered") { try await $0.aReleaseIsRefusedWhileTheKeyIsAnswered() },
        Check("aKeyIsHeldUntilTheBodyReturned") { try await $0.aKeyIsHeldUntilTheBodyReturned() },
        Check("aKeyTakenByHandIsHeldUntilTheBodyReturned") { try await $0.aKeyTakenByHandIsHeldUntilTheBodyReturned() },
        Check("aReleaseIsRefusedWhileTheBodyStillRuns") { try await $0.aReleaseIsRefusedWhileTheBodyStillRuns() },
        Check("aHeldKeyEndsWithItsIncarnation") { try await $0.aHeldKeyEndsWithItsIncarnation() },
    ]

    /// Status, listing and inspection show reason, message and counts of a quarantined task.
    public func aDeadLetterTellsWhatHappened() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let start = try await scene.engine.now()
            var task = try await scene.start(scene.task(payload: #"{"n":1}"#, queue: "letters"), on: worker)
            try await worker.save("12345", of: task)
            try await worker.retry(task)
            try await scene.tend()
            task = try await worker.claim(task.id, from: "letters")
            try await worker.end(task, .quarantine(reason: "PaymentError", message: "card\nrefused 💳", keyHeld: false))
            let status = try await scene.other.status(of: [task.id])[task.id]
            try scene.expect(
                status, is: TaskStatus(state: .quarantined, reason: "PaymentError", message: "card\nrefused 💳"), "status")
            let letter = try scene.unwrap(try await scene.engine.deadLetters(DeadLetterQuery()).items.first, "the dead letter")
            try scene.expect(letter.id, is: task.id, "id")
            try scene.expect(letter.name, is: "work", "name")
            try scene.expect(letter.queue, is: "letters", "queue")
            try scene.expect([letter.reason, letter.message], is: ["PaymentError", "card\nrefused 💳"], "reason and message")
            try scene.expect(letter.attempts, is: 2, "attempts")
            try scene.expect(letter.resurrections, is: 0, "resurrections")
            try scene.expect(start <= letter.enqueuedAt && letter.enqueuedAt <= letter.quarantinedAt, "its times are in order")
            let details = try await scene.details(of: task.id)
            try scene.expect(details.history.map(\.outcome), is: ["retry", "quarantined"], "history")
            try scene.expect(details.reason, is: "PaymentError", "reason at inspection")
            try scene.expect(details.checkpointBytes, is: 5, "bytes of its checkpoint")
            try scene.expect(details.payload, is: .object(["n": .integer(1)]), "payload")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
        }
    }

    /// Pages hold each dead letter once, also when some are released between them; filters and reasons count right.
    public func deadLettersAreListedByPagesAndFilters() async throws {
        try await scene { scene in
            let worker = try await scene.join([TaskKind(name: "a", version: 1), TaskKind(name: "b", version: 1)])
            var ids: [TaskID] = []
            for index in 0..<25 {
                let task = try await scene.start(scene.task(index.isMultiple(of: 5) ? "a" : "b"), on: worker)
                try await worker.quarantine(task, index.isMultiple(of: 2) ? "EvenError" : "OddError")
                ids.append(task.id)
            }
            var seen: [TaskID] = []
            var after: String?
            for page in 0..<10 {
                let answer = try await scene.engine.deadLetters(DeadLetterQuery(limit: 10, after: after))
                seen += answer.items.map(\.id)
                if page == 0, let first = seen.first { try await scene.engine.releaseDeadLetter(first, fresh: false) }
                after = answer.next
                if after == nil { break }
            }
            try scene.expect(seen.count, is: 25, "dead letters on all pages")
            try scene.expect(Set(seen), is: Set(ids), "dead letters listed")
            let released = seen[0]
            let expected = ids.enumerated().filter { $0.offset.isMultiple(of: 2) && $0.element != released }.map(\.element)
            let even = try await scene.engine.deadLetters(DeadLetterQuery(reason: "EvenError", limit: 1000)).items.map(\.id)
            try scene.expect(Set(even), is: Set(expected), "dead letters of one reason, without the released one")
            // The sixth and the sixteenth are both 'a' and odd; which one is listed first is the engine's choice.
            let named = try await scene.engine.deadLetters(DeadLetterQuery(name: "a", reason: "OddError")).items.map(\.id)
            try scene.expect(Set(named), is: Set([ids[5], ids[15]]).subtracting([released]), "dead letters of one name and reason")
            let reasons = try await scene.engine.deadLetterReasons()
            let odd = ids.enumerated().filter { !$0.offset.isMultiple(of: 2) && $0.element != released }.count
            try scene.expect(reasons, is: ["OddError": odd, "EvenError": 24 - odd], "dead letters by reason, without the released one")
        }
    }

    /// Released, a task is back in its own queue with its checkpoint and its count of resurrections.
    public func aReleasedTaskStartsAgainInItsQueue() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let new = scene.task(queue: "letters")
            _ = try await scene.start(new, on: doomed)
            try await scene.die(doomed)
            let worker = try await scene.join()
            var task = try await worker.claim(new.envelope.id, from: "letters")
            let fence = task.fence
            try await worker.save("[1]", of: task)
            try await worker.quarantine(task)
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            try await scene.expectState(.queued, of: task.id, "after its release")
            try scene.expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.count, is: 0, "dead letters after the release")
            try scene.expect(try await scene.engine.deadLetterReasons(), is: [:], "reasons after the release")
            task = try await worker.claim(task.id, from: "letters")
            try scene.expect(task.resurrections, is: 1, "resurrections, kept")
            try scene.expect(task.checkpoint, is: .inline(Data("[1]".utf8)), "checkpoint, kept")
            try scene.expect(task.fence.number > fence.number, "fences go on rising after a release")
            try await worker.commit(task, "8")
            let details = try await scene.details(of: task.id)
            try scene.expect(details.history.map(\.outcome), is: ["worker-gone", "quarantined", "committed"], "history")
        }
    }

    /// With `fresh` the count of resurrections starts anew.
    public func aFreshReleaseForgetsResurrections() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for loss in 1...3 {
                let doomed = try await scene.join(isolated: loss > 2)
                if loss > 2 { _ = try await doomed.claimSuspect() } else { _ = try await doomed.claim(id) }
                try await scene.die(doomed, maxResurrections: 1)
            }
            try await scene.expectState(.quarantined, of: id, "after too many losses")
            try await scene.engine.releaseDeadLetter(id, fresh: true)
            let doomed = try await scene.join()
            try scene.expect(try await doomed.claim(id).resurrections, is: 0, "resurrections after a fresh release")
            try await scene.die(doomed, maxResurrections: 1)
            try await scene.expectState(.queued, of: id, "after one more loss")
        }
    }

    /// Releasing what is not in the dead letter queue is `notFound` and changes nothing.
    public func onlyADeadLetterIsReleased() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let queued = try await scene.accept(scene.task(queue: "later"))
            let running = try await scene.start(scene.task(), on: worker)
            let committed = try await scene.start(scene.task(), on: worker)
            try await worker.commit(committed)
            for id in [TaskID.next(), queued, running.id, committed.id] {
                try await scene.expectError(.notFound, "releasing what is no dead letter") {
                    try await scene.engine.releaseDeadLetter(id, fresh: false)
                }
            }
            try await scene.expectState(.queued, of: queued, "after the refusal")
            try await scene.expectState(.committed, of: committed.id, "after the refusal")
            try await worker.commit(running)
        }
    }

    /// Two operators release at once: the task is queued once.
    public func concurrentReleasesOfOneDeadLetterHappenOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try await worker.quarantine(task)
            let released = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        do {
                            try await (index.isMultiple(of: 2) ? scene.engine : scene.other).releaseDeadLetter(task.id, fresh: false)
                            return true
                        } catch { return false }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try scene.expect(released, is: 1, "releases that succeeded")
            try scene.expect(try await worker.claim().map(\.id), is: [task.id], "tasks to claim")
        }
    }

    /// A released task holds its idempotency key again.
    public func aReleaseTakesTheKeyAgain() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.quarantine(task)
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push with the key after the release")
            try await worker.commit(try await worker.claim(task.id), "3")
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push with the key after the commit")
        }
    }

    /// While another live task has the key, the release is a conflict that names it; when that one has failed, the release goes through.
    public func aReleaseIsRefusedWhileAnotherHoldsTheKey() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.quarantine(task)
            let holder = try await scene.start(scene.task(key: "k"), on: worker)
            let error = try await scene.expectError(.conflict, "a release whose key another task holds") {
                try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            }
            try scene.expect(
                error.message.contains(holder.id.description), "the message names the holder \(holder.id); it is '\(error.message)'")
            try await scene.expectState(.quarantined, of: task.id, "after the refusal")
            try await worker.quarantine(holder)
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            try await worker.commit(try await worker.claim(task.id))
        }
    }

    /// While the key answers with another task's result, the operation is done: the release is a conflict until the time to live is over.
    public func aReleaseIsRefusedWhileTheKeyIsAnswered() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k", keyTTL: .hours(2)), on: worker)
            try await worker.quarantine(task)
            let winner = try await scene.start(scene.task(key: "k", keyTTL: .hours(2)), on: worker)
            try await worker.commit(winner)
            let error = try await scene.expectError(.conflict, "a release whose key another task has completed") {
                try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            }
            try scene.expect(error.message.contains(winner.id.description), "the message names the holder; it is '\(error.message)'")
            try await scene.advance(.minutes(121))
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            try await scene.expectState(.queued, of: task.id, "released after the key's time to live")
        }
    }

    /// A quarantine whose body still runs keeps the key until the body has returned.
    public func aKeyIsHeldUntilTheBodyReturned() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.quarantine(task, "TimeoutError", keyHeld: true)
            try await scene.expectState(.quarantined, of: task.id, "although its body still runs")
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push with the key while the body still runs")
            // A stranger's fence frees nothing; whether that is an error is the engine's choice.
            try? await scene.engine.bodyReturned(task.id, fence: Fence(number: task.fence.number, token: task.fence.token ^ 1))
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id),
                "a push with the key after a stranger's bodyReturned")
            try await scene.engine.bodyReturned(task.id, fence: task.fence)
            try await scene.accept(scene.task(key: "k"))
            try await scene.engine.bodyReturned(task.id, fence: task.fence)
            try scene.expect(
                try await scene.push(scene.task(key: "k")) != .accepted, "a second bodyReturned does not free the next task's key")
        }
    }

    /// So do the keys that its body took by hand: tasks that wait for them wake when it has returned.
    public func aKeyTakenByHandIsHeldUntilTheBodyReturned() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("by hand", for: task)
            try await worker.quarantine(task, "TimeoutError", keyHeld: true)
            var next = try await scene.start(scene.task(), on: worker)
            try scene.expect(
                try await worker.acquire("by hand", for: next), is: .held(by: task.id), "taking the key while the body still runs")
            try await worker.end(next, .snooze(key: "by hand"))
            try await scene.expectState(.waiting, of: next.id, "while the body still runs")
            try await scene.tend()
            try await scene.expectState(.waiting, of: next.id, "after housekeeping, while the body still runs")
            try await scene.engine.bodyReturned(task.id, fence: task.fence)
            next = try await worker.claim(next.id)
            try scene.expect(try await worker.acquire("by hand", for: next), is: .acquired, "taking the key when the body has returned")
        }
    }

    /// A dead letter whose own body still runs and holds a key, its own or one taken by hand, is not run a second time beside it.
    public func aReleaseIsRefusedWhileTheBodyStillRuns() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for key in ["k", nil] {
                let task = try await scene.start(scene.task(key: key), on: worker)
                if key == nil { _ = try await worker.acquire("by hand", for: task) }
                try await worker.quarantine(task, "TimeoutError", keyHeld: true)
                try await scene.expectError(.conflict, "a release while the body still runs") {
                    try await scene.engine.releaseDeadLetter(task.id, fresh: false)
                }
                try await scene.expectState(.quarantined, of: task.id, "after the refusal")
                try await scene.engine.bodyReturned(task.id, fence: task.fence)
                try await scene.engine.releaseDeadLetter(task.id, fresh: false)
                try await worker.commit(try await worker.claim(task.id))
            }
        }
    }

    /// When the process in which the body ran is gone, or has left, so is its hold on the key.
    public func aHeldKeyEndsWithItsIncarnation() async throws {
        try await scene { scene in
            for ending in ["died", "left"] {
                let worker = try await scene.join()
                let task = try await scene.start(scene.task(key: ending), on: worker)
                _ = try await worker.acquire("by hand", for: task)
                try await worker.quarantine(task, "TimeoutError", keyHeld: true)
                let bystander = try await scene.join()
                let waiter = try await scene.start(scene.task(queue: Queue(ending)), on: bystander)
                try await bystander.end(waiter, .snooze(key: "by hand"))
                try await scene.expectState(.waiting, of: waiter.id, "while the body still runs")
                if ending == "died" {
                    try await scene.die(worker)
                } else {
                    try await scene.engine.leave(worker.incarnation)
                }
                try scene.expect(
                    try await scene.push(scene.task(key: ending)), is: .accepted, "a push with the key after its holder \(ending)")
                try await scene.expectState(.queued, of: waiter.id, "that waited for a key of a body whose process \(ending)")
                let next = try await scene.join()
                try await next.commit(try await next.claim(1)[0])
            }
        }
    }
}
