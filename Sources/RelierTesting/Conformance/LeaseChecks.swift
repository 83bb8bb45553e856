import Foundation
import Relier

extension EngineConformance {
    static let leaseChecks: [Check] = [
        Check("aRenewalAdvancesTheCounter") { try await $0.aRenewalAdvancesTheCounter() },
        Check("aClaimThatWasLostIsQueuedAgain") { try await $0.aClaimThatWasLostIsQueuedAgain() },
        Check("aClaimUnderWayIsLeftAlone") { try await $0.aClaimUnderWayIsLeftAlone() },
        Check("whatIsNamedIsKept") { try await $0.whatIsNamedIsKept() },
        Check("whatIsNoLongerHeldIsReportedLost") { try await $0.whatIsNoLongerHeldIsReportedLost() },
        Check("aRenewalAfterTheReleaseIsGone") { try await $0.aRenewalAfterTheReleaseIsGone() },
        Check("aRenewalNeedsNoCooperativeThread") { try await $0.aRenewalNeedsNoCooperativeThread() },
    ]

    private func sighting(of worker: PuppetWorker, in scene: Scene) async throws -> LeaseSighting {
        let sightings = try await scene.other.leases().filter { $0.incarnation == worker.incarnation }
        try scene.expect(sightings.count, is: 1, "sightings of a joined incarnation")
        return sightings[0]
    }

    /// Every renewal moves the counter, nothing else does, and every handle sees it.
    public func aRenewalAdvancesTheCounter() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let still = try await scene.join()
            var last = try await sighting(of: worker, in: scene)
            try scene.expect(last.lease, is: .seconds(5), "the lease as joined")
            try scene.expect(!last.holderGone, "a living holder is not gone")
            try scene.expect(last.counter != nil, "the counter of a living holder can be read")
            let unmoved = try await sighting(of: still, in: scene)
            for _ in 0..<5 {
                try scene.expect(try worker.lease.renew(holding: [:], settledThrough: 0), is: .renewed(lost: [], strays: 0), "renewal")
                let next = try await sighting(of: worker, in: scene)
                try scene.expect(next.counter != last.counter, "the counter moves with a renewal; it stays at \(last.counter ?? 0)")
                last = next
            }
            let task = try await scene.start(scene.task(), on: still)
            try await still.commit(task)
            try await scene.advance(.hours(1))
            try scene.expect(
                try await sighting(of: still, in: scene), is: unmoved, "a lease that nobody renews, after a claim and a commit")
        }
    }

    /// Tasks of an answered claim that the worker does not name are queued again, under a fence that the lost claim does not have; nothing is counted.
    public func aClaimThatWasLostIsQueuedAgain() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept([scene.task(key: "k"), scene.task(), scene.task()])
            let lost = try await worker.claim()
            try scene.expect(lost.count, is: 3, "tasks claimed, whose reply is now thought lost")
            guard case .renewed(let missing, _, _) = try worker.lease.renew(holding: [lost[2].id: lost[2].fence], settledThrough: 1) else {
                throw scene.failure("a joined incarnation can renew")
            }
            try scene.expect(missing, is: [], "tasks reported lost")
            try await scene.eventually("the two tasks that were not named are queued again") {
                let status = try await scene.engine.status(of: ids)
                return status[ids[0]]?.state == .queued && status[ids[1]]?.state == .queued
            }
            try await scene.expectState(.running, of: ids[2], "which the worker named")
            try scene.expect(
                try await worker.settle(lost[0], .commit(result: Data())), is: .refused, "reply to a commit under the lost claim's fence")
            let again = try await worker.claim()
            try scene.expect(Set(again.map(\.id)), is: [ids[0], ids[1]], "tasks claimed again")
            try scene.expect(again.map(\.attempt), is: [1, 1], "attempts after a lost claim")
            try scene.expect(again.map(\.resurrections), is: [0, 0], "resurrections after a lost claim")
            for task in again + [lost[2]] { try await worker.commit(task) }
        }
    }

    /// A renewal may overtake a claim's reply: tasks claimed under a later number than `settledThrough` are left alone.
    public func aClaimUnderWayIsLeftAlone() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            for _ in 0..<3 {
                let renewal = try worker.lease.renew(holding: [first.id: first.fence], settledThrough: worker.request - 1)
                try scene.expect(renewal, is: .renewed(lost: [], strays: 0), "renewal while the second claim is under way")
            }
            try await scene.expectState(.running, of: second.id, "claimed under a later number")
            try await worker.commit(second)
            try await worker.commit(first)
        }
    }

    /// What the worker names stays its own, however often and under whatever number it renews.
    public func whatIsNamedIsKept() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let stranger = try await scene.join()
            try await scene.accept((0..<50).map { _ in scene.task() })
            let theirs = try await stranger.claim(10)
            let mine = try await worker.claim(50)
            let held = Dictionary(uniqueKeysWithValues: mine.map { ($0.id, $0.fence) })
            for through in [0, worker.request, worker.request + 5] {
                try scene.expect(
                    try worker.lease.renew(holding: held, settledThrough: through), is: .renewed(lost: [], strays: 0), "renewal")
            }
            for task in mine { try await worker.commit(task) }
            for task in theirs { try await stranger.commit(task) }
        }
    }

    /// Named tasks that the incarnation does not hold, unknown, another's or under another fence, come back as lost.
    ///
    /// What it settled itself may be named in a renewal that crosses the settlement; whether that counts as lost is the engine's choice.
    public func whatIsNoLongerHeldIsReportedLost() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ended = try await scene.start(scene.task(), on: worker)
            try await worker.commit(ended)
            let held = try await scene.start(scene.task(), on: worker)
            let doomed = try await scene.join()
            let others = try await scene.start(scene.task(), on: doomed)
            let unknown = TaskID.next()
            let stale = try await scene.start(scene.task(), on: worker)
            try await worker.end(stale, .handBack)
            let current = try await doomed.claim(stale.id)
            let renewal = try worker.lease.renew(
                holding: [
                    ended.id: ended.fence, held.id: held.fence, stale.id: stale.fence, others.id: others.fence,
                    unknown: Fence(number: 1, token: 1),
                ], settledThrough: worker.request)
            guard case .renewed(let lost, _, _) = renewal else { throw scene.failure("a joined incarnation can renew; found \(renewal)") }
            try scene.expect(Set(lost).subtracting([ended.id]), is: [others.id, unknown, stale.id], "tasks reported lost")
            try await worker.commit(held)
            try await doomed.commit(others)
            try await doomed.commit(current)
        }
    }

    /// After its release, or after it left, an incarnation learns at its next renewal that it is gone.
    public func aRenewalAfterTheReleaseIsGone() async throws {
        try await scene { scene in
            let released = try await scene.join()
            let task = try await scene.start(scene.task(), on: released)
            try await scene.die(released, .leaseEnded)
            try scene.expect(
                try released.lease.renew(holding: [task.id: task.fence], settledThrough: 1), is: .gone, "renewal after the release")
            try await scene.expectState(.queued, of: task.id, "after a late renewal")
            let left = try await scene.join()
            try await scene.engine.leave(left.incarnation)
            try scene.expect(try left.lease.renew(holding: [:], settledThrough: 0), is: .gone, "renewal after leaving")
            let incarnations = try await scene.engine.leases().map(\.incarnation)
            try scene.expect(incarnations, is: [], "leases of incarnations that are gone")
        }
    }

    /// A plain thread can renew while every thread of the cooperative pool is blocked by bodies.
    public func aRenewalNeedsNoCooperativeThread() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let before = try await sighting(of: worker, in: scene)
            let gate = DispatchSemaphore(value: 0)
            let cores = ProcessInfo.processInfo.activeProcessorCount
            let renewal = await withTaskGroup(of: Void.self) { group in
                for _ in 0..<cores * 2 { group.addTask { PoolBlocker.block(on: gate, atMost: .seconds(20)) } }
                let renewal = await withCheckedContinuation { continuation in
                    Thread.detachNewThread {
                        // Gives the blockers the time to take the pool; the check holds as well when they have not.
                        Thread.sleep(forTimeInterval: 0.05)
                        let result = Result { try worker.lease.renew(holding: [:], settledThrough: 0) }
                        for _ in 0..<cores * 2 { gate.signal() }
                        continuation.resume(returning: result)
                    }
                }
                await group.waitForAll()
                return renewal
            }
            try scene.expect(try renewal.get(), is: .renewed(lost: [], strays: 0), "renewal while the pool is blocked")
            try scene.expect(
                try await sighting(of: worker, in: scene).counter != before.counter, "the counter moved while the pool was blocked")
        }
    }
}

/// Holds a thread of the cooperative pool, as a badly written body does.
private enum PoolBlocker {
    static func block(on gate: DispatchSemaphore, atMost limit: DispatchTimeInterval) {
        _ = gate.wait(timeout: .now() + limit)
    }
}
