import Foundation
import Relier

extension EngineConformance {
    static let releaseChecks: [Check] = [
        Check("anObservedDeathReleasesTheProcess") { try await $0.anObservedDeathReleasesTheProcess() },
        Check("aReleaseSparesTheOthers") { try await $0.aReleaseSparesTheOthers() },
        Check("anEndedLeaseIsReleasedIfItsCounterStillStands") { try await $0.anEndedLeaseIsReleasedIfItsCounterStillStands() },
        Check("aFreedLockReleases", needs: .noticesDeath) { try await $0.aFreedLockReleases() },
        Check("aLivingHolderIsNotReleasedByItsLock") { try await $0.aLivingHolderIsNotReleasedByItsLock() },
        Check("aReleaseIsDoneInBatches") { try await $0.aReleaseIsDoneInBatches() },
        Check("aReleaseStopsAtTheDepthOfRecoveredWork") { try await $0.aReleaseStopsAtTheDepthOfRecoveredWork() },
        Check("whoHoldsNothingIsReleasedWhateverWaits") { try await $0.whoHoldsNothingIsReleasedWhateverWaits() },
        Check("usedUpResurrectionsQuarantine") { try await $0.usedUpResurrectionsQuarantine() },
        Check("aResurrectionKeepsKeyAndPlace") { try await $0.aResurrectionKeepsKeyAndPlace() },
        Check("aReleaseOfNobodyDoesNothing") { try await $0.aReleaseOfNobodyDoesNothing() },
    ]

    /// A parent saw the process die: everything its incarnations held is queued again, with one resurrection more and a record of it; the process is forgotten.
    public func anObservedDeathReleasesTheProcess() async throws {
        try await scene { scene in
            let process = TaskID.next()
            let first = try await scene.join(process: process)
            let second = try await scene.join(process: process, on: scene.other)
            let ids = try await scene.accept([scene.task(), scene.task(), scene.task(queue: "other")])
            let task = try scene.unwrap(try await first.claim(1).first, "a task to claim")
            try await first.save("9", of: task)
            try scene.expect(try await second.claim(1).count, is: 1, "tasks that are left")
            _ = try await second.claim(ids[2], from: "other")
            let report = try await scene.die(first, .signalled(9))
            try scene.expect(Set(report.requeued), is: Set(ids), "tasks queued again")
            try scene.expect(report.suspects + report.quarantined, is: [], "suspects and dead letters")
            try scene.expect(try await scene.engine.workers().count, is: 0, "workers left")
            try await scene.expectError(.fenced, "a claim of a released incarnation") { _ = try await second.claim() }
            let record = try scene.unwrap(try await scene.details(of: task.id).history.first, "the record of the lost attempt")
            try scene.expect(record.outcome, is: "worker-gone", "outcome")
            try scene.expect(record.recoveredBy, is: "observed-death", "how it was recovered")
            try scene.expect(
                record.detail?.contains("signal 9") == true, "the record tells the death; it says '\(record.detail ?? "nothing")'")
            try scene.expect(record.incarnation, is: first.incarnation, "incarnation")
            try scene.expect(record.end != nil, "the lost attempt has an end")
            let worker = try await scene.join()
            let again = try await worker.claim(100)
            try scene.expect(Set(again.map(\.id)), is: [ids[0], ids[1]], "tasks of the default queue to claim")
            try scene.expect(again.map(\.resurrections), is: [1, 1], "resurrections")
            try scene.expect(again.map(\.attempt), is: [1, 1], "attempts: a crash is not a failure of the body")
            try scene.expect(again.first { $0.id == task.id }?.checkpoint, is: .inline(Data("9".utf8)), "checkpoint")
            try scene.expect(try await worker.claim(ids[2], from: "other").resurrections, is: 1, "resurrections in the other queue")
            try scene.expect(try await scene.die(first).count, is: 0, "tasks of a second release")
        }
    }

    /// Other processes' tasks, and tasks that the dead one had ended, are untouched.
    public func aReleaseSparesTheOthers() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let survivor = try await scene.join(on: scene.other)
            let theirs = try await scene.start(scene.task(), on: survivor)
            let committed = try await scene.start(scene.task(), on: doomed)
            try await doomed.commit(committed)
            let retried = try await scene.start(scene.task(), on: doomed)
            try await doomed.retry(retried, after: .hours(1))
            let lost = try await scene.start(scene.task(), on: doomed)
            try scene.expect(try await scene.die(doomed, .signalled(11)).suspects, is: [lost.id], "tasks that the death touches")
            try await scene.expectState(.committed, of: committed.id, "committed before the death")
            try await scene.expectState(.scheduled, of: retried.id, "scheduled before the death")
            try scene.expect(
                try survivor.lease.renew(holding: [theirs.id: theirs.fence], settledThrough: 1), is: .renewed(lost: [], strays: 0),
                "the survivor's renewal")
            try await survivor.commit(theirs)
        }
    }

    /// A lease that was seen unchanged for its whole duration ends; one that was renewed meanwhile does not.
    public func anEndedLeaseIsReleasedIfItsCounterStillStands() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            func counter() async throws -> UInt64 {
                try scene.unwrap(
                    try await scene.other.leases().first { $0.incarnation == worker.incarnation }?.counter, "the counter of its lease")
            }
            let seen = try await counter()
            _ = try worker.lease.renew(holding: [task.id: task.fence], settledThrough: 1)
            let spared = try await scene.other.release(
                .incarnation(worker.incarnation, counter: seen), death: .leaseEnded, limits: ReleaseLimits())
            try scene.expect(spared, is: ReleaseReport(), "report of a release for a counter that moved on")
            try await scene.expectState(.running, of: task.id, "whose lease was renewed in time")
            let ended = try await scene.other.release(
                .incarnation(worker.incarnation, counter: try await counter()), death: .leaseEnded, limits: ReleaseLimits())
            try scene.expect(ended.requeued, is: [task.id], "tasks queued again when the counter stood still")
            let record = try await scene.details(of: task.id).history.first
            try scene.expect(record?.recoveredBy, is: "lease-end", "how it was recovered")
            try scene.expect(try worker.lease.renew(holding: [task.id: task.fence], settledThrough: 1), is: .gone, "its next renewal")
        }
    }

    /// When the engine sees that the holder is gone, its tasks are released without waiting for the lease.
    public func aFreedLockReleases() async throws {
        try await scene { scene in
            let doomed = try await scene.join(on: scene.other)
            let survivor = try await scene.join()
            let task = try await scene.start(scene.task(), on: doomed)
            try await scene.simulateDeath(of: doomed)
            let gone = try await scene.engine.leases().filter(\.holderGone).map(\.incarnation)
            try scene.expect(gone, is: [doomed.incarnation], "incarnations whose holder is gone")
            let report = try await scene.engine.release(
                .incarnation(doomed.incarnation, counter: nil), death: .lockFreed, limits: ReleaseLimits())
            try scene.expect(report.requeued, is: [task.id], "tasks queued again")
            let record = try await scene.details(of: task.id).history.first
            try scene.expect(record?.recoveredBy, is: "observed-death", "how it was recovered")
            let leases = try await scene.engine.leases().map(\.incarnation)
            try scene.expect(leases, is: [survivor.incarnation], "leases left")
            try scene.expect(try await survivor.claim(task.id).resurrections, is: 1, "resurrections")
        }
    }

    /// A release for a freed lock does nothing while the holder lives.
    public func aLivingHolderIsNotReleasedByItsLock() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            let report = try await scene.other.release(
                .incarnation(worker.incarnation, counter: nil), death: .lockFreed, limits: ReleaseLimits())
            try scene.expect(report, is: ReleaseReport(), "report of a release of a living holder")
            try scene.expect(
                try worker.lease.renew(holding: [task.id: task.fence], settledThrough: 1), is: .renewed(lost: [], strays: 0), "renewal")
            try await worker.commit(task)
        }
    }

    /// A call moves at most its batch and says that more is left; all calls together move each task once.
    public func aReleaseIsDoneInBatches() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let ids = try await scene.accept((0..<10).map { _ in scene.task() })
            let held = try await doomed.claim()
            var moved: [TaskID] = []
            var sizes: [Int] = []
            repeat {
                let report = try await scene.engine.release(
                    .process(doomed.info.process), death: .signalled(9), limits: ReleaseLimits(batch: 3))
                moved += report.requeued
                sizes.append(report.count)
                if !report.remaining { break }
                for task in held where moved.contains(task.id) {
                    try scene.expect(
                        try await doomed.settle(task, .commit(result: Data())), is: .refused, "reply to a commit of a task taken away")
                }
            } while sizes.count < 20
            try scene.expect(sizes.allSatisfy { $0 <= 3 }, "no call moves more than 3; found \(sizes)")
            try scene.expect(moved.count, is: 10, "tasks moved by calls of \(sizes)")
            try scene.expect(Set(moved), is: Set(ids), "tasks moved")
            let worker = try await scene.join()
            try scene.expect(try await worker.claim().map(\.resurrections), is: Array(repeating: 1, count: 10), "resurrections")
        }
    }

    /// While many recovered tasks wait, no more are moved; the report says so, and the rest follows when those have been claimed.
    public func aReleaseStopsAtTheDepthOfRecoveredWork() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let ids = try await scene.accept((0..<10).map { _ in scene.task() })
            _ = try await doomed.claim()
            let worker = try await scene.join()
            let limits = ReleaseLimits(maxRequeueDepth: 4)
            var moved: [TaskID] = []
            for _ in 0..<10 {
                let report = try await scene.engine.release(.process(doomed.info.process), death: .signalled(9), limits: limits)
                moved += report.requeued
                try scene.expect(report.count <= 4, "no more than 4 recovered tasks wait; a release moved \(report.count)")
                if !report.remaining { break }
                try scene.expect(report.throttled, "a release that stopped at the depth says so")
                let more = try await scene.engine.release(.process(doomed.info.process), death: .signalled(9), limits: limits)
                try scene.expect(more.count, is: 0, "tasks moved while the depth is reached")
                try scene.expect(more.remaining && more.throttled, "more is left, and the depth is the reason")
                for task in try await worker.claim() { try await worker.commit(task) }
            }
            try scene.expect(moved.count, is: 10, "tasks moved in the end")
            try scene.expect(Set(moved), is: Set(ids), "tasks moved")
        }
    }

    /// A dead worker without tasks is forgotten also while more recovered tasks wait, in several queues, than a release may add to.
    public func whoHoldsNothingIsReleasedWhateverWaits() async throws {
        try await scene { scene in
            let doomed = try await scene.join(queues: [.default, "other"])
            try await scene.accept((0..<6).map { scene.task(queue: $0.isMultiple(of: 2) ? .default : "other") })
            try scene.expect(try await doomed.claim().count, is: 6, "tasks claimed")
            try await scene.die(doomed)
            let idle = try await scene.join()
            let report = try await scene.engine.release(
                .process(idle.info.process), death: .signalled(9), limits: ReleaseLimits(maxRequeueDepth: 2))
            try scene.expect(report, is: ReleaseReport(), "report of a release of a worker that held nothing")
            try scene.expect(try await scene.engine.leases().count, is: 0, "leases left")
        }
    }

    /// A task survives so many lost workers and no more; then it is a dead letter that says so, and its key is free.
    public func usedUpResurrectionsQuarantine() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task(key: "k"))
            for loss in 1...4 {
                let doomed = try await scene.join(isolated: loss > 2)
                let task = loss > 2 ? try scene.unwrap(try await doomed.claimSuspect(), "a suspect") : try await doomed.claim(id)
                try scene.expect(task.resurrections, is: loss - 1, "resurrections before loss \(loss)")
                let report = try await scene.die(doomed, loss == 2 ? .leaseEnded : .signalled(9), maxResurrections: 2)
                try scene.expect(report.requeued + report.suspects, is: loss < 4 ? [id] : [], "tasks that run again after loss \(loss)")
                try scene.expect(report.quarantined, is: loss < 4 ? [] : [id], "tasks quarantined at loss \(loss)")
            }
            let letter = try scene.unwrap(try await scene.engine.deadLetters(DeadLetterQuery()).items.first, "the dead letter")
            try scene.expect(letter.reason, is: "max_resurrections_exceeded", "reason")
            try scene.expect(letter.resurrections, is: 4, "resurrections of the dead letter")
            let history = try await scene.details(of: id).history.map(\.outcome)
            try scene.expect(history, is: Array(repeating: "worker-gone", count: 4), "history")
            try await scene.accept(scene.task(key: "k"))
        }
    }

    /// A task keeps its idempotency key, its queue and its attempt over a resurrection.
    public func aResurrectionKeepsKeyAndPlace() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(queue: "q", key: "k"), on: worker)
            try await worker.retry(first)
            try await scene.tend()
            let doomed = try await scene.join()
            _ = try await doomed.claim(first.id, from: "q")
            try await scene.die(doomed)
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: first.id), "a push with the key after the death")
            let again = try await worker.claim(first.id, from: "q")
            try scene.expect(again.attempt, is: 2, "attempt")
            try scene.expect(again.key, is: "k", "key")
            try scene.expect(again.queue, is: "q", "queue")
            try scene.expect(again.resurrections, is: 1, "resurrections")
        }
    }

    /// Unknown processes and incarnations are released without an error and without effect.
    public func aReleaseOfNobodyDoesNothing() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            for target in [ReleaseTarget.process(.next()), .incarnation(.next(), counter: nil), .incarnation(.next(), counter: 0)] {
                let report = try await scene.engine.release(target, death: .leaseEnded, limits: ReleaseLimits())
                try scene.expect(report, is: ReleaseReport(), "report of a release of nobody")
            }
            try await worker.commit(task)
        }
    }
}
