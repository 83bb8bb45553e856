import Foundation
import Relier

extension EngineConformance {
    static let limitSlotChecks: [Check] = [
        Check("everyEndOfARunFreesItsSlot") { try await $0.everyEndOfARunFreesItsSlot() },
        Check("aDeadWorkersSlotsAreFreed") { try await $0.aDeadWorkersSlotsAreFreed() },
        Check("aKilledWorkersSlotsAreFreed", needs: .noticesDeath) { try await $0.aKilledWorkersSlotsAreFreed() },
        Check("aBodyThatRunsOnKeepsItsSlot") { try await $0.aBodyThatRunsOnKeepsItsSlot() },
        Check("aSuspectKeepsToTheLimit") { try await $0.aSuspectKeepsToTheLimit() },
    ]

    /// Commit, quarantine, retry, hand-back, snooze, leaving: whatever ends a run, the key's next task is claimed at once.
    public func everyEndOfARunFreesItsSlot() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let holder = try await scene.join(queues: ["holders"])
            let owner = try await scene.start(scene.task(queue: "holders"), on: holder)
            _ = try await holder.acquire("hand", for: owner)
            let next = try await scene.join(limits: [rule])
            for way in ["commit", "quarantine", "retry", "retry later", "hand back", "snooze", "leave", "stray"] {
                let worker = try await scene.join(limits: [rule], on: scene.other)
                let first = try await scene.start(scene.limited(way, rule), on: worker)
                let second = try await scene.accept(scene.limited(way, rule))
                try scene.expect(try await next.claim().count, is: 0, "tasks claimed while the key is full (\(way))")
                var comesBack = false
                switch way {
                case "commit": try await worker.commit(first)
                case "quarantine": try await worker.quarantine(first)
                case "retry":
                    try await worker.retry(first)
                    comesBack = true
                case "retry later": try await worker.retry(first, after: .hours(1))
                case "hand back":
                    try await worker.end(first, .handBack)
                    comesBack = true
                case "snooze": try await worker.end(first, .snooze(key: "hand"))
                case "leave":
                    try await scene.other.leave(worker.incarnation)
                    comesBack = true
                default:
                    _ = try worker.lease.renew(holding: [:], settledThrough: worker.request)
                    comesBack = true
                }
                // What comes back is the older one.
                if comesBack {
                    let again = try await next.claim(first.id)
                    try scene.expect(try await next.claim().count, is: 0, "tasks claimed while the first runs again (\(way))")
                    try await next.commit(again)
                }
                try await next.commit(try await next.claim(second))
            }
            try await holder.commit(owner)
            let woken = try await next.claim()
            try scene.expect(woken.map(\.limitKey), is: [#"{"k":"snooze"}"#], "the snoozed task, once its key is settled")
            try await next.commit(woken[0])
            try await scene.advance(.hours(2))
            try await scene.tend()
            try scene.expect(try await next.claim().map(\.limitKey), is: [#"{"k":"retry later"}"#], "the retried task, once it is due")
        }
    }

    /// What a dead worker ran frees its slots when it is released, and takes them again when it runs again.
    public func aDeadWorkersSlotsAreFreed() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let doomed = try await scene.join(limits: [rule])
            let ids = try await scene.accept((0..<4).map { _ in scene.limited("x", rule) })
            try scene.expect(try await doomed.claim().map(\.id), is: Array(ids[..<2]), "tasks claimed by the first worker")
            let worker = try await scene.join(limits: [rule], on: scene.other)
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed while the dead worker's count")
            try await scene.die(doomed)
            let again = try await worker.claim()
            try scene.expect(again.map(\.id), is: Array(ids[..<2]), "tasks claimed after the release, the recovered ones first")
            for task in again { try await worker.commit(task) }
            try scene.expect(try await worker.claim().map(\.id), is: Array(ids[2...]), "the others")
        }
    }

    /// The same for a death that the engine itself notices, with tasks that are quarantined for it.
    public func aKilledWorkersSlotsAreFreed() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let trapping = try await scene.join(limits: [rule])
            let started = try await scene.start(scene.limited("x", rule), on: trapping)
            try await scene.die(trapping, .signalled(11))
            let doomed = try await scene.join(limits: [rule], isolated: true)
            let first = try scene.unwrap(try await doomed.claimSuspect(), "the suspect")
            try scene.expect(first.id, is: started.id, "the suspect")
            let second = try await scene.accept(scene.limited("x", rule))
            let worker = try await scene.join(limits: [rule], on: scene.other)
            try await scene.simulateDeath(of: doomed)
            let report = try await scene.other.release(
                .incarnation(doomed.incarnation, counter: nil), death: .lockFreed, limits: ReleaseLimits(maxResurrections: 1))
            try scene.expect(report.quarantined, is: [first.id], "tasks quarantined, since one loss alone is all that it may have")
            try await worker.commit(try await worker.claim(second))
            try await scene.engine.releaseDeadLetter(first.id, fresh: true)
            let third = try await scene.accept(scene.limited("x", rule))
            let released = try await worker.claim()
            try scene.expect(released.count, is: 1, "tasks claimed of a key with a task from the dead letter queue")
            try await worker.commit(released[0])
            let last = try await worker.claim()
            try scene.expect(Set((released + last).map(\.id)), is: [first.id, third], "both tasks, one after the other")
        }
    }

    /// A body that goes on after its attempt has ended counts until it has returned, or its incarnation is gone.
    public func aBodyThatRunsOnKeepsItsSlot() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let next = try await scene.join(limits: [rule])
            for way in ["quarantine", "retry", "incarnation gone"] {
                let worker = try await scene.join(limits: [rule], on: scene.other)
                let stuck = try await scene.start(scene.limited(way, rule), on: worker)
                let second = try await scene.accept(scene.limited(way, rule))
                let outcome: Settlement.Outcome =
                    way == "retry"
                    ? .retry(after: .hours(1), reason: "TimeoutError", message: "")
                    : .quarantine(reason: "TimeoutError", message: "", keyHeld: true)
                let replies = try await scene.engine.settle([
                    Settlement(task: stuck.id, fence: stuck.fence, outcome: outcome, bodyRuns: true)
                ])
                try scene.expect(replies, is: [.done], "reply to the end of an attempt whose body runs on")
                try scene.expect(try await next.claim().count, is: 0, "tasks claimed while the body runs on (\(way))")
                if way == "incarnation gone" {
                    try await scene.die(worker)
                } else {
                    try await scene.engine.bodyReturned(stuck.id, fence: stuck.fence)
                    try await scene.other.bodyReturned(stuck.id, fence: stuck.fence)
                }
                try await next.commit(try await next.claim(second))
            }
        }
    }

    /// A suspect that waits to run alone keeps its slot, so that it can run, and no more run than are allowed.
    public func aSuspectKeepsToTheLimit() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let doomed = try await scene.join(limits: [rule])
            let suspect = try await scene.start(scene.limited("x", rule), on: doomed)
            let second = try await scene.accept(scene.limited("x", rule))
            try await scene.die(doomed, .signalled(11))
            let worker = try await scene.join(limits: [rule])
            let lonely = try await scene.join(limits: [rule], isolated: true)
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed of a suspect's key")
            try scene.expect(try await scene.engine.suspectsWaiting(on: Scene.host), is: 1, "suspects that can run")
            let again = try scene.unwrap(try await lonely.claimSuspect(), "the suspect is claimed")
            try scene.expect(again.id, is: suspect.id, "id of the suspect")
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed while the suspect runs")
            try await lonely.commit(again)
            try await worker.commit(try await worker.claim(second))
        }
    }
}
