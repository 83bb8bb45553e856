import Foundation
import Relier

extension EngineConformance {
    static let waitingChecks: [Check] = [
        Check("awaitEndAnswersAtOnceWhatHasEnded") { try await $0.awaitEndAnswersAtOnceWhatHasEnded() },
        Check("awaitEndWakesWhenAnotherHandleSettles") { try await $0.awaitEndWakesWhenAnotherHandleSettles() },
        Check("awaitEndHonoursItsTimeout") { try await $0.awaitEndHonoursItsTimeout() },
        Check("awaitEndEndsWhenCancelled") { try await $0.awaitEndEndsWhenCancelled() },
        Check("awaitEndOfManyEndsWithTheFirst") { try await $0.awaitEndOfManyEndsWithTheFirst() },
        Check("awaitWorkWakesOnAPushOfAnotherHandle") { try await $0.awaitWorkWakesOnAPushOfAnotherHandle() },
        Check("awaitWorkMissesNoPush") { try await $0.awaitWorkMissesNoPush() },
        Check("awaitWorkHonoursItsTimeout") { try await $0.awaitWorkHonoursItsTimeout() },
        Check("awaitWorkEndsWhenCancelled") { try await $0.awaitWorkEndsWhenCancelled() },
        Check("awaitWorkWakesWhenWorkComesBack") { try await $0.awaitWorkWakesWhenWorkComesBack() },
    ]

    /// What has ended, or is unknown, is not waited for.
    public func awaitEndAnswersAtOnceWhatHasEnded() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let done = try await scene.start(scene.task(), on: worker)
            try await worker.commit(done, "1")
            let dead = try await scene.start(scene.task(), on: worker)
            try await worker.quarantine(dead)
            for id in [done.id, dead.id] {
                let status = try await scene.promptly("awaitEnd of a task that has ended answers") {
                    try await scene.other.awaitEnd(of: [id], timeout: .seconds(60))
                }
                try scene.expect(status[id]?.state.isEnd, is: true, "whether its answer is an end")
            }
            let unknown = try await scene.promptly("awaitEnd of an unknown task answers") {
                try await scene.engine.awaitEnd(of: [.next()], timeout: .seconds(60))
            }
            try scene.expect(unknown.count, is: 0, "answers for an unknown task")
        }
    }

    /// A commit or quarantine through one handle wakes who waits at another.
    public func awaitEndWakesWhenAnotherHandleSettles() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for round in 0..<10 {
                let task = try await scene.start(scene.task(), on: worker)
                async let answer = scene.other.awaitEnd(of: [task.id], timeout: .seconds(60))
                // Lets the wait begin in most rounds; the check holds as well when it has not.
                try await Task.sleep(for: .milliseconds(round * 5))
                let ending: TaskState = round.isMultiple(of: 2) ? .committed : .quarantined
                if ending == .committed { try await worker.commit(task) } else { try await worker.quarantine(task) }
                let start = ContinuousClock.now
                let status = try await answer
                try scene.expectPrompt("a waiter wakes after a settlement", since: start)
                try scene.expect(status[task.id]?.state, is: ending, "state that the waiter was told")
            }
        }
    }

    /// After the timeout the state is told as it is.
    public func awaitEndHonoursItsTimeout() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for timeout in [Duration.milliseconds(50), .zero, .seconds(-1)] {
                let status = try await scene.promptly("awaitEnd with a timeout of \(timeout) ends") {
                    try await scene.engine.awaitEnd(of: [id], timeout: timeout)
                }
                try scene.expect(status[id]?.state, is: .queued, "state after the timeout")
            }
            let start = ContinuousClock.now
            _ = try await scene.engine.awaitEnd(of: [id], timeout: .milliseconds(300))
            let waited = start.duration(to: .now)
            try scene.expect(
                waited >= .milliseconds(290), "a wait for a task that goes on lasts for its timeout of 300 ms; it took \(waited)")
        }
    }

    /// Cancelling the waiting task ends the wait.
    public func awaitEndEndsWhenCancelled() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            for pause in [0, 1, 50] {
                let wait = Task { try? await scene.engine.awaitEnd(of: [id], timeout: .seconds(60)) }
                try await Task.sleep(for: .milliseconds(pause))
                wait.cancel()
                _ = try await scene.promptly("awaitEnd ends when cancelled") { await wait.value }
            }
        }
    }

    /// Waiting for many ends when one of them has ended, and tells the states of all.
    public func awaitEndOfManyEndsWithTheFirst() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept((0..<20).map { _ in scene.task() })
            async let answer = scene.engine.awaitEnd(of: ids, timeout: .seconds(60))
            try await worker.commit(try await worker.claim(ids[0]))
            let start = ContinuousClock.now
            let status = try await answer
            try scene.expectPrompt("awaitEnd of many ends with the first", since: start)
            try scene.expect(status.count, is: 20, "states told")
            try scene.expect(status[ids[0]]?.state, is: .committed, "state of the first")
            try scene.expect(status[ids[1]]?.state, is: .queued, "state of the second")
        }
    }

    /// An idle worker starts at once what another process pushes.
    public func awaitWorkWakesOnAPushOfAnotherHandle() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for round in 0..<10 {
                async let wait: Void = scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60))
                try await Task.sleep(for: .milliseconds(round * 5))
                let new = scene.task()
                _ = try await scene.other.push([new])
                let start = ContinuousClock.now
                await wait
                try scene.expectPrompt("an idle worker wakes after a push", since: start)
                try await worker.commit(try await worker.claim(new.envelope.id))
            }
        }
    }

    /// A worker that waits when there is work does not wait: work pushed between a claim and the wait is not overlooked.
    public func awaitWorkMissesNoPush() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for _ in 0..<50 {
                let new = scene.task()
                async let pushed = scene.other.push([new])
                var claimed = try await worker.claim()
                let start = ContinuousClock.now
                while claimed.isEmpty && start.duration(to: .now) < .seconds(10) {
                    await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60))
                    claimed = try await worker.claim()
                }
                _ = try await pushed
                try scene.expect(claimed.map(\.id), is: [new.envelope.id], "tasks claimed after the wait")
                try scene.expect(start.duration(to: .now) < .seconds(5), "a push is noticed promptly; it took \(start.duration(to: .now))")
                try await worker.commit(claimed[0])
            }
        }
    }

    /// Without work the wait lasts for its timeout; work in other queues does not end it for good.
    public func awaitWorkHonoursItsTimeout() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.promptly("awaitWork with a short timeout ends") {
                await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(50))
            }
            let start = ContinuousClock.now
            await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(300))
            let waited = start.duration(to: .now)
            try scene.expect(waited >= .milliseconds(250), "an idle worker waits for its timeout of 300 ms; it took \(waited)")
        }
    }

    /// Cancelling the waiting task ends the wait.
    public func awaitWorkEndsWhenCancelled() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for pause in [0, 1, 50] {
                let wait = Task { await scene.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(60)) }
                try await Task.sleep(for: .milliseconds(pause))
                wait.cancel()
                try await scene.promptly("awaitWork ends when cancelled") { await wait.value }
            }
        }
    }

    /// Promotions, resurrections, hand-backs, releases from the dead letter queue and settled keys wake idle workers too.
    public func awaitWorkWakesWhenWorkComesBack() async throws {
        try await scene { scene in
            let idle = try await scene.join(queues: ["q"])
            for way in ["promoted", "resurrected", "handed back", "released", "key settled"] {
                let worker = try await scene.join(queues: ["q"], on: scene.other)
                let owner = try await scene.start(scene.task(queue: Queue("owner when \(way)")), on: worker)
                let task = try await scene.start(scene.task(queue: "q"), on: worker)
                switch way {
                case "promoted": try await worker.retry(task, after: .seconds(30))
                case "released": try await worker.quarantine(task)
                case "key settled":
                    _ = try await worker.acquire("k", for: owner)
                    try await worker.end(task, .snooze(key: "k"))
                default: break
                }
                async let wait: Void = scene.engine.awaitWork(idle.incarnation, queues: ["q"], timeout: .seconds(60))
                // Lets the wait begin; the check holds as well when it has not.
                try await Task.sleep(for: .milliseconds(20))
                switch way {
                case "promoted":
                    try await scene.advance(.seconds(31))
                    _ = try await scene.other.tend(batch: 100, unregisteredAfter: nil)
                case "resurrected":
                    _ = try await scene.other.release(.process(worker.info.process), death: .signalled(9), limits: ReleaseLimits())
                case "handed back": try await worker.end(task, .handBack)
                case "released": try await scene.other.releaseDeadLetter(task.id, fresh: false)
                default: try await worker.settle("k", for: owner, nil)
                }
                let start = ContinuousClock.now
                await wait
                try scene.expectPrompt("an idle worker wakes when a task was \(way)", since: start)
                try await idle.commit(try await idle.claim(task.id, from: "q"))
            }
        }
    }
}
