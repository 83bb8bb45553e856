import Foundation
import Relier

extension EngineConformance {
    static let keyHandoverChecks: [Check] = [
        Check("aSnoozedTaskWaitsForTheKey") { try await $0.aSnoozedTaskWaitsForTheKey() },
        Check("aSnoozeOnAFreeKeyEndsAtOnce") { try await $0.aSnoozeOnAFreeKeyEndsAtOnce() },
        Check("oneFreeKeyWakesOne") { try await $0.oneFreeKeyWakesOne() },
        Check("aValueEmptiesTheLine") { try await $0.aValueEmptiesTheLine() },
        Check("aLineGoesOnWithoutWhoWasWoken") { try await $0.aLineGoesOnWithoutWhoWasWoken() },
        Check("waitersWakeWhenTheOwnerEnds") { try await $0.waitersWakeWhenTheOwnerEnds() },
        Check("waitersStayWhileTheOwnerIsResurrected") { try await $0.waitersStayWhileTheOwnerIsResurrected() },
        Check("aWaitingTaskHoldsNoKeyTakenByHand") { try await $0.aWaitingTaskHoldsNoKeyTakenByHand() },
        Check("aSnoozeAndASettleAtOnceLoseNobody") { try await $0.aSnoozeAndASettleAtOnceLoseNobody() },
    ]

    /// A task that waits for a key holds no slot, is claimed by nobody, counts nothing, keeps its checkpoint, and is queued when the key settles.
    public func aSnoozedTaskWaitsForTheKey() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let owner = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            var waiter = try await scene.start(scene.task(), on: worker)
            try await worker.save("1", of: waiter)
            try scene.expect(try await worker.acquire("k", for: waiter), is: .held(by: owner.id), "taking a held key")
            try await worker.end(waiter, .snooze(key: "k"))
            try await scene.expectState(.waiting, of: waiter.id, "after a snooze")
            try await scene.advance(.hours(10))
            try await scene.tend()
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim while the key is held")
            try await worker.settle("k", for: owner, KeyValue(value: Data("7".utf8), ttl: .hours(1)))
            try await scene.expectState(.queued, of: waiter.id, "after the key was settled")
            waiter = try await worker.claim(waiter.id)
            try scene.expect(waiter.attempt, is: 1, "attempt after a snooze")
            try scene.expect(waiter.resurrections, is: 0, "resurrections after a snooze")
            try scene.expect(waiter.checkpoint, is: .inline(Data("1".utf8)), "checkpoint after a snooze")
            try scene.expect(try await worker.acquire("k", for: waiter), is: .completed(Data("7".utf8)), "taking the settled key")
        }
    }

    /// The key may settle between the refusal and the snooze: then the task is queued at once, and never waits for nothing.
    public func aSnoozeOnAFreeKeyEndsAtOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for way in ["completed", "freed", "owner ended", "never taken", "its own"] {
                let owner = try await scene.start(scene.task(), on: worker)
                let waiter = try await scene.start(scene.task(), on: worker)
                if way == "its own" {
                    try scene.expect(try await worker.acquire(way, for: waiter), is: .acquired, "taking a free key")
                } else if way != "never taken" {
                    _ = try await worker.acquire(way, for: owner)
                    try scene.expect(try await worker.acquire(way, for: waiter), is: .held(by: owner.id), "taking a held key")
                }
                switch way {
                case "completed": try await worker.settle(way, for: owner, KeyValue(value: nil, ttl: .hours(1)))
                case "freed": try await worker.settle(way, for: owner, nil)
                case "owner ended": try await worker.commit(owner)
                default: break
                }
                try await worker.end(waiter, .snooze(key: way))
                try await scene.expectState(.queued, of: waiter.id, "after a snooze on a key that was \(way)")
                try await worker.commit(try await worker.claim(waiter.id))
            }
        }
    }

    /// One free key lets one task go on, the oldest that waits for it, and the next when that one gives the key back: a line of any length costs a claim a task.
    public func oneFreeKeyWakesOne() async throws {
        try await scene { scene in
            guard scene.subject.keepsOrder else { return try await emptyALine(scene) }
            let worker = try await scene.join()
            let owner = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            let bystander = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("other", for: bystander)
            var line: [ClaimedTask] = []
            for _ in 0..<5 { line.append(try await scene.start(scene.task(), on: worker)) }
            // Who waits for longest is not who was pushed first.
            for task in line.reversed() { try await worker.end(task, .snooze(key: "k")) }
            let stays = try await scene.start(scene.task(), on: worker)
            try await worker.end(stays, .snooze(key: "other"))
            try await worker.settle("k", for: owner, nil)
            for (index, id) in line.map(\.id).enumerated() {
                let claimed = try await worker.claim()
                try scene.expect(claimed.map(\.id), is: [id], "tasks that go on when the key is free, round \(index)")
                try scene.expect(try await worker.acquire("k", for: claimed[0]), is: .acquired, "taking the free key")
                for other in line[(index + 1)...] { try await scene.expectState(.waiting, of: other.id, "while another holds the key") }
                // Given back before the task ends, or with it.
                if index.isMultiple(of: 2) { try await worker.settle("k", for: claimed[0], nil) }
                try await worker.commit(claimed[0])
            }
            try await scene.expectState(.waiting, of: stays.id, "while its own key is held")
            for task in [owner, bystander] { try await worker.commit(task) }
            try await worker.commit(try await worker.claim(stays.id))
        }
    }

    /// Where tasks live apart from each other, each part wakes one, and those that come too late wait again: nobody is left behind.
    private func emptyALine(_ scene: Scene, _ value: KeyValue? = nil) async throws {
        let worker = try await scene.join()
        let owner = try await scene.start(scene.task(), on: worker)
        _ = try await worker.acquire("k", for: owner)
        var left = Set(try await scene.accept((0..<12).map { _ in scene.task() }))
        for task in try await worker.claim(12) { try await worker.end(task, .snooze(key: "k")) }
        try await worker.settle("k", for: owner, value)
        try await worker.commit(owner)
        for _ in 0..<200 where !left.isEmpty {
            let claimed = try await worker.claim()
            if claimed.isEmpty { try await scene.tend() }
            var taken: [ClaimedTask] = []
            for task in claimed {
                if case .held = try await worker.acquire("k", for: task) {
                    try await worker.end(task, .snooze(key: "k"))
                } else {
                    taken.append(task)
                }
            }
            for task in taken {
                try await worker.commit(task)
                left.remove(task.id)
            }
        }
        try scene.expect(left.count, is: 0, "tasks that wait for ever")
    }

    /// Whoever waits for a value gets it: each that is answered wakes two more, until the line is empty; one that finds the value gone takes the key, and the
    /// rest of the line waits for it.
    public func aValueEmptiesTheLine() async throws {
        try await scene { scene in
            guard scene.subject.keepsOrder else { return try await emptyALine(scene, KeyValue(value: nil, ttl: .hours(1))) }
            let worker = try await scene.join()
            for ttl in [Duration.hours(1), .minutes(1)] {
                let owner = try await scene.start(scene.task(), on: worker)
                _ = try await worker.acquire("k", for: owner)
                var line: [ClaimedTask] = []
                for _ in 0..<9 { line.append(try await scene.start(scene.task(), on: worker)) }
                for task in line { try await worker.end(task, .snooze(key: "k")) }
                try await worker.settle("k", for: owner, KeyValue(value: Data("1".utf8), ttl: ttl))
                try await worker.commit(owner)
                var answered: [TaskID] = []
                for round in 1...4 {
                    let claimed = try await worker.claim()
                    try scene.expect(claimed.count, is: [1, 2, 4, 2][round - 1], "tasks that go on in round \(round)")
                    if ttl == .minutes(1) && round == 2 {
                        try await scene.advance(.minutes(2))
                        try scene.expect(
                            try await worker.acquire("k", for: claimed[0]), is: .acquired, "taking the key after its value is gone")
                        try scene.expect(
                            try await worker.acquire("k", for: claimed[1]), is: .held(by: claimed[0].id), "taking it beside the first")
                        try await worker.end(claimed[1], .snooze(key: "k"))
                        try scene.expect(try await worker.claim().count, is: 0, "tasks that go on while the key is held")
                        try await worker.settle("k", for: claimed[0], KeyValue(value: nil, ttl: .hours(1)))
                        try await worker.commit(claimed[0])
                        let next = try scene.unwrap(try await worker.claim(1).first, "the next of the line")
                        try scene.expect(next.id, is: claimed[1].id, "the oldest of the line, though it waited anew")
                        try await worker.commit(next)
                        break
                    }
                    for task in claimed {
                        try scene.expect(try await worker.acquire("k", for: task), is: .completed(Data("1".utf8)), "the value")
                        try await worker.commit(task)
                    }
                    answered += claimed.map(\.id)
                }
                if ttl == .hours(1) { try scene.expect(Set(answered), is: Set(line.map(\.id)), "tasks that were answered") }
                try await scene.advance(.minutes(61))
            }
        }
    }

    /// Should the one that was woken never ask for the key, housekeeping wakes the next; one whose queue is paused does not stand in the way.
    public func aLineGoesOnWithoutWhoWasWoken() async throws {
        try await scene { scene in
            guard scene.subject.keepsOrder else { return try await emptyALine(scene) }
            let worker = try await scene.join(queues: [.default, "paused"])
            let owner = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            let paused = try await scene.start(scene.task(queue: "paused"), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            let third = try await scene.start(scene.task(), on: worker)
            for task in [paused, second, third] { try await worker.end(task, .snooze(key: "k")) }
            try await scene.engine.setPaused(true, queue: "paused")
            try await worker.commit(owner)
            try await scene.expectState(.waiting, of: paused.id, "while its queue is paused")
            try await scene.expectState(.queued, of: second.id, "although one before it is in a paused queue")
            _ = try await scene.engine.cancel(second.id, terminate: true)
            try await scene.tend()
            try await scene.expectState(.queued, of: third.id, "after the one before it was cancelled")
            try await scene.engine.setPaused(false, queue: "paused")
            try await scene.tend()
            try await scene.expectState(.queued, of: paused.id, "after its queue was resumed")
        }
    }

    /// When the owner ends without settling, committed, quarantined or lost for good, its waiters are queued.
    public func waitersWakeWhenTheOwnerEnds() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for ending in ["committed", "quarantined", "lost"] {
                let doomed = try await scene.join()
                let owner = try await scene.start(scene.task(), on: doomed)
                _ = try await doomed.acquire(ending, for: owner)
                let waiter = try await scene.start(scene.task(), on: worker)
                try await worker.end(waiter, .snooze(key: ending))
                switch ending {
                case "committed": try await doomed.commit(owner)
                case "quarantined": try await doomed.quarantine(owner)
                default: try await scene.convict(doomed)
                }
                let woken = try await worker.claim(waiter.id)
                try scene.expect(
                    try await worker.acquire(ending, for: woken), is: .acquired, "taking the key after its owner was \(ending)")
                try await worker.commit(woken)
            }
        }
    }

    /// A crash of the owner's worker does not free the key: the owner comes back to it.
    public func waitersStayWhileTheOwnerIsResurrected() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let owner = try await scene.start(scene.task(), on: doomed)
            _ = try await doomed.acquire("k", for: owner)
            let worker = try await scene.join()
            let waiter = try await scene.start(scene.task(), on: worker)
            try await worker.end(waiter, .snooze(key: "k"))
            try await scene.die(doomed)
            try await scene.expectState(.waiting, of: waiter.id, "after the owner's worker died")
            let again = try await worker.claim(owner.id)
            try scene.expect(try await worker.acquire("k", for: again), is: .acquired, "the owner enters its claim again")
            try await worker.settle("k", for: again, nil)
            _ = try await worker.claim(waiter.id)
        }
    }

    /// Waiting is alive: a second push with the waiting task's idempotency key names it. Keys taken by hand it holds no more, settled ones stay settled, and
    /// whoever waited for one of them goes on: two tasks that wait for each other's key both run.
    public func aWaitingTaskHoldsNoKeyTakenByHand() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let one = try await scene.start(scene.task(key: "k"), on: worker)
            let two = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("first", for: one)
            _ = try await worker.acquire("done", for: one)
            try await worker.settle("done", for: one, KeyValue(value: Data("1".utf8), ttl: .hours(1)))
            _ = try await worker.acquire("second", for: two)
            try await worker.end(two, .snooze(key: "first"))
            try await scene.expectState(.waiting, of: two.id, "while another holds the key")
            try await worker.end(one, .snooze(key: "second"))
            try await scene.expectState(.queued, of: one.id, "when the key that it snoozed for was given up by its holder's own snooze")
            try await scene.expectState(.queued, of: two.id, "when the holder of its key was snoozed itself")
            try scene.expect(try await scene.push(scene.task(key: "k")), is: .duplicate(by: one.id), "a push with the task's own key")
            for task in try await worker.claim() {
                try scene.expect(try await worker.acquire("first", for: task), is: .acquired, "taking a key that a snooze freed")
                try scene.expect(try await worker.acquire("second", for: task), is: .acquired, "taking the other")
                try scene.expect(
                    try await worker.acquire("done", for: task), is: .completed(Data("1".utf8)), "a key that was settled before the snooze")
                try await worker.commit(task)
            }
            for id in [one.id, two.id] { try await scene.expectState(.committed, of: id, "in the end") }
        }
    }

    /// Whatever the order in which a snooze and the key's settling arrive, the waiter runs in the end.
    public func aSnoozeAndASettleAtOnceLoseNobody() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            for round in 0..<40 {
                let key = "k\(round)"
                let owner = try await scene.start(scene.task(), on: worker)
                _ = try await worker.acquire(key, for: owner)
                let waiter = try await scene.start(scene.task(), on: worker)
                async let settled: Void = scene.other.settleKey(
                    key, for: owner.id, fence: owner.fence, value: round.isMultiple(of: 2) ? nil : KeyValue(value: nil, ttl: .hours(1)))
                async let snoozed = worker.settle(waiter, .snooze(key: key))
                try await settled
                try scene.expect(try await snoozed, is: .done, "reply to the snooze")
                try await worker.commit(try await worker.claim(waiter.id))
                try await worker.commit(owner)
            }
        }
    }
}
