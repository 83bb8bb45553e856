import Foundation
import Relier

extension EngineConformance {
    static let cancelChecks: [Check] = [
        Check("aWaitingTaskIsCancelledAtOnce") { try await $0.aWaitingTaskIsCancelledAtOnce() },
        Check("aRunningTaskIsCancelledUnderItsWorker") { try await $0.aRunningTaskIsCancelledUnderItsWorker() },
        Check("theKeysOfACancelledRunWaitForItsBody") { try await $0.theKeysOfACancelledRunWaitForItsBody() },
        Check("theLastRunOfACancelledTaskMayCommit") { try await $0.theLastRunOfACancelledTaskMayCommit() },
        Check("noFurtherRunFollowsACancellation") { try await $0.noFurtherRunFollowsACancellation() },
        Check("whatHasEndedIsNotCancelled") { try await $0.whatHasEndedIsNotCancelled() },
        Check("cancelAndCommitHaveOneWinner") { try await $0.cancelAndCommitHaveOneWinner() },
        Check("aCancellationForgetsNoSettlement") { try await $0.aCancellationForgetsNoSettlement() },
        Check("theKeyOfACancelledRetryWaitsForItsBody") { try await $0.theKeyOfACancelledRetryWaitsForItsBody() },
        Check("aReleaseForgetsTheCancellation") { try await $0.aReleaseForgetsTheCancellation() },
    ]

    /// Queued, scheduled, waiting for a retry, for a key, or parked: it never runs, its key is free, and who waits for it is told.
    public func aWaitingTaskIsCancelledAtOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let holder = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: holder)
            let scheduled = try await scene.accept(scene.task(due: .after(.hours(1)), key: "scheduled"))
            let retried = try await scene.start(scene.task(key: "retried"), on: worker)
            try await worker.save("progress", of: retried)
            try await worker.retry(retried, after: .hours(1))
            let snoozed = try await scene.start(scene.task(key: "snoozed"), on: worker)
            try await worker.end(snoozed, .snooze(key: "k"))
            let parked = try await scene.accept(scene.task("stranger", key: "parked"))
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
            let queued = try await scene.accept(scene.task(key: "queued"))
            for (id, key) in [
                (scheduled, "scheduled"), (retried.id, "retried"), (snoozed.id, "snoozed"), (parked, "parked"), (queued, "queued"),
            ] {
                async let end = scene.other.awaitEnd(of: [id], timeout: .seconds(30))
                try scene.expect(try await scene.engine.cancel(id, terminate: true), is: .cancelled, "reply for the \(key) task")
                try scene.expect(try await end[id]?.state, is: .cancelled, "what its waiter sees of the \(key) task")
                let details = try await scene.details(of: id)
                try scene.expect(details.summary.state, is: .cancelled, "state of the \(key) task")
                try scene.expect(details.checkpointBytes, is: nil, "checkpoint of the \(key) task")
                try scene.expect(
                    try await scene.engine.cancel(id, terminate: true), is: .cancelled, "reply to the same cancellation sent again")
                try scene.expect(
                    try await scene.push(scene.task(due: .after(.hours(9)), key: key)), is: .accepted, "a push of the freed key")
            }
            try await worker.settle("k", for: holder, nil)
            try await worker.commit(holder)
            try await scene.advance(.hours(2))
            try await scene.tend()
            let more = try await scene.join([TaskKind(name: "work", version: 1), TaskKind(name: "stranger", version: 1)])
            try scene.expect(try await more.claim().count, is: 0, "cancelled tasks that run")
        }
    }

    /// It has ended for everybody; its worker learns of it with its next renewal, and its writes are refused.
    public func aRunningTaskIsCancelledUnderItsWorker() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try scene.expect(try await scene.other.cancel(task.id, terminate: true), is: .cancelled, "reply")
            try await scene.expectState(.cancelled, of: task.id, "cancelled while it runs")
            try scene.expect(
                try worker.lease.renew(holding: [task.id: task.fence], settledThrough: 1), is: .renewed(lost: [task.id], strays: 0),
                "the worker's renewal")
            try scene.expect(try await worker.settle(task, .commit(result: Data("1".utf8))), is: .refused, "the late commit")
            try scene.expect(
                try await worker.settle(task, .retry(after: .zero, reason: "E", message: "")), is: .refused, "the late failure")
            try await scene.expectError(.fenced, "a late checkpoint") { try await worker.save("x", of: task) }
            let details = try await scene.details(of: task.id)
            try scene.expect(details.history.map(\.outcome), is: ["cancelled"], "outcomes")
            try scene.expect(details.history.last?.fence, is: task.fence.number, "fence of the cancelled attempt")
            try await scene.die(worker)
            try await scene.expectState(.cancelled, of: task.id, "after the worker died")
        }
    }

    /// As after a timeout: two bodies of one key never run side by side. The keys are free when the body has returned, or its worker is gone.
    public func theKeysOfACancelledRunWaitForItsBody() async throws {
        try await scene { scene in
            for way in ["returned", "gone"] {
                let worker = try await scene.join()
                let task = try await scene.start(scene.task(key: way), on: worker)
                _ = try await worker.acquire("manual-\(way)", for: task)
                let other = try await scene.start(scene.task(), on: worker)
                _ = try await scene.engine.cancel(task.id, terminate: true)
                try scene.expect(try await scene.push(scene.task(key: way)), is: .duplicate(by: task.id), "a push while the body runs")
                try scene.expect(
                    try await worker.acquire("manual-\(way)", for: other), is: .held(by: task.id), "the manual key while the body runs")
                try await worker.end(other, .snooze(key: "manual-\(way)"))
                if way == "returned" {
                    try await scene.engine.bodyReturned(task.id, fence: task.fence)
                } else {
                    try await scene.die(worker)
                }
                try scene.expect(
                    try await scene.push(scene.task(queue: "later", key: way)), is: .accepted, "a push after the body has \(way)")
                let next = try await scene.join()
                let woken = try await next.claim(other.id)
                try scene.expect(
                    try await next.acquire("manual-\(way)", for: woken), is: .acquired, "the manual key after the body has \(way)")
                try await next.commit(woken)
            }
        }
    }

    /// Without termination the run under way goes on as if nothing had been said.
    public func theLastRunOfACancelledTaskMayCommit() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            for _ in 0..<2 {
                try scene.expect(try await scene.engine.cancel(task.id, terminate: false), is: .afterThisRun, "reply")
            }
            try scene.expect(
                try worker.lease.renew(holding: [task.id: task.fence], settledThrough: 1), is: .renewed(lost: [], strays: 0), "renewal")
            try await worker.save("progress", of: task)
            try await worker.commit(task, "7")
            let status = try await scene.engine.status(of: [task.id])[task.id]
            try scene.expect(status?.result, is: Data("7".utf8), "result of the last run")
            try scene.expect(try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push of the completed key")
        }
    }

    /// A retry, a hand-over, a snooze, a lost claim, the loss of the worker: each ends a cancelled task, and a settlement sent again is answered as before.
    public func noFurtherRunFollowsACancellation() async throws {
        try await scene { scene in
            for way in ["retry", "handBack", "snooze", "left", "died", "stray", "suspect"] {
                let worker = try await scene.join()
                let task = try await scene.start(scene.task(key: way), on: worker)
                try scene.expect(try await scene.engine.cancel(task.id, terminate: false), is: .afterThisRun, "reply")
                var settlement: Settlement.Outcome?
                switch way {
                case "retry": settlement = .retry(after: .seconds(1), reason: "E", message: "")
                case "handBack": settlement = .handBack
                case "snooze": settlement = .snooze(key: "nobody's")
                case "left": try await scene.engine.leave(worker.incarnation)
                case "died": try await scene.die(worker)
                case "stray": _ = try worker.lease.renew(holding: [:], settledThrough: worker.request)
                default: try await scene.die(worker, .signalled(11))
                }
                if let settlement {
                    for time in 1...2 {
                        try scene.expect(try await worker.settle(task, settlement), is: .done, "'\(way)', sent for time \(time)")
                    }
                }
                try await scene.eventually("the task cancelled after '\(way)'") { try await scene.state(of: task.id) == .cancelled }
                try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 0, "suspects after '\(way)'")
                try scene.expect(
                    try await scene.push(scene.task(queue: "later", key: way)), is: .accepted, "a push of the key after '\(way)'")
            }
            try await scene.advance(.hours(1))
            try await scene.tend()
            try scene.expect(try await scene.join().claim().count, is: 0, "runs after the cancellation")
        }
    }

    /// It says how the task ended, and changes nothing.
    public func whatHasEndedIsNotCancelled() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let committed = try await scene.start(scene.task(), on: worker)
            try await worker.commit(committed, "1")
            let dead = try await scene.start(scene.task(), on: worker)
            try await worker.quarantine(dead)
            for (id, state) in [(committed.id, TaskState.committed), (dead.id, .quarantined)] {
                for terminate in [true, false] {
                    try await scene.expectError(.conflict, "cancelling a \(state) task") {
                        _ = try await scene.engine.cancel(id, terminate: terminate)
                    }
                }
                try await scene.expectState(state, of: id, "after the refusal")
            }
            try await scene.expectError(.notFound, "cancelling what never was") {
                _ = try await scene.engine.cancel(.next(), terminate: true)
            }
        }
    }

    /// Whoever comes first; the other is told.
    public func cancelAndCommitHaveOneWinner() async throws {
        try await scene { scene in
            for _ in 0..<50 {
                let worker = try await scene.join()
                let task = try await scene.start(scene.task(), on: worker)
                async let committing = worker.settle(task, .commit(result: Data("1".utf8)))
                async let cancelling = isCancelled(task.id, by: scene.other)
                let (committed, cancelled) = (try await committing == .done, try await cancelling)
                try scene.expect(committed != cancelled, "commit and cancellation have one winner")
                try await scene.expectState(committed ? .committed : .cancelled, of: task.id, "after the race")
                try await scene.engine.leave(worker.incarnation)
            }
        }
    }

    /// A settlement whose reply was lost is answered as carried out, although an operator ended the task meanwhile.
    public func aCancellationForgetsNoSettlement() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for outcome in [Settlement.Outcome.retry(after: .hours(1), reason: "E", message: ""), .handBack] {
                let task = try await scene.start(scene.task(), on: worker)
                try await worker.end(task, outcome)
                try scene.expect(try await scene.engine.cancel(task.id, terminate: true), is: .cancelled, "reply")
                try scene.expect(try await worker.settle(task, outcome), is: .done, "reply to the settlement sent again")
                try await scene.expectState(.cancelled, of: task.id, "after the settlement was sent again")
            }
        }
    }

    /// A run that timed out, whose body goes on, and that was cancelled before it could be tried again.
    public func theKeyOfACancelledRetryWaitsForItsBody() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try scene.expect(try await scene.engine.cancel(task.id, terminate: false), is: .afterThisRun, "reply")
            let timeout = Settlement(
                task: task.id, fence: task.fence, outcome: .retry(after: .hours(1), reason: "TimeoutError", message: ""), bodyRuns: true)
            for _ in 1...2 { try scene.expect(try await scene.engine.settle([timeout]), is: [.done], "replies to the end of the attempt") }
            try await scene.expectState(.cancelled, of: task.id, "instead of a retry")
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push with the key while the body runs")
            try await scene.engine.bodyReturned(task.id, fence: task.fence)
            try await scene.accept(scene.task(key: "k"))
        }
    }

    /// Who releases a dead letter wants it to run, whatever was wanted before its last run failed.
    public func aReleaseForgetsTheCancellation() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try scene.expect(try await scene.engine.cancel(task.id, terminate: false), is: .afterThisRun, "reply")
            try await worker.quarantine(task)
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            try await worker.end(try await worker.claim(task.id), .handBack)
            try await scene.expectState(.queued, of: task.id, "after the released task was handed back")
            try await worker.commit(try await worker.claim(task.id))
        }
    }

    private func isCancelled(_ id: TaskID, by engine: any Engine) async throws -> Bool {
        do { return try await engine.cancel(id, terminate: true) == .cancelled } catch {
            if error.code == .conflict { return false }
            throw error
        }
    }
}
