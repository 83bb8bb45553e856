import Foundation
import Relier

extension EngineConformance {
    static let pushChecks: [Check] = [
        Check("aTaskArrivesAsItWasPushed") { try await $0.aTaskArrivesAsItWasPushed() },
        Check("anAlteredEnvelopeIsKeptAsItIs") { try await $0.anAlteredEnvelopeIsKeptAsItIs() },
        Check("payloadBytesAreKeptExactly") { try await $0.payloadBytesAreKeptExactly() },
        Check("aKnownIDChangesNothing") { try await $0.aKnownIDChangesNothing() },
        Check("aKnownIDInOneBatch") { try await $0.aKnownIDInOneBatch() },
        Check("aDuplicateAttachesToALiveTask") { try await $0.aDuplicateAttachesToALiveTask() },
        Check("duplicatesInOneBatch") { try await $0.duplicatesInOneBatch() },
        Check("concurrentPushesOfOneKeyAreOneTask") { try await $0.concurrentPushesOfOneKeyAreOneTask() },
        Check("aDuplicateOfAFinishedTaskGetsItsResult") { try await $0.aDuplicateOfAFinishedTaskGetsItsResult() },
        Check("aFailureFreesTheKey") { try await $0.aFailureFreesTheKey() },
        Check("aBatchIsAcceptedWholeOrNotAtAll") { try await $0.aBatchIsAcceptedWholeOrNotAtAll() },
        Check("tasksAreServedInTheOrderOfTheirPush", needs: .keepsOrder) { try await $0.tasksAreServedInTheOrderOfTheirPush() },
        Check("aLargeBatchIsAcceptedWhole") { try await $0.aLargeBatchIsAcceptedWhole() },
        Check("whatWasPushedIsSeenByEveryHandle") { try await $0.whatWasPushedIsSeenByEveryHandle() },
    ]

    /// What a claim hands out is what was pushed, with the first fence and attempt, nothing counted, stamped with the engine's time.
    public func aTaskArrivesAsItWasPushed() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: ["letters"])
            let before = try await scene.engine.now()
            var new = scene.task(payload: #"{"to":"Zoë","n":3}"#, queue: "letters", resultTTL: .minutes(9))
            new.envelope.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            try await scene.accept(new)
            let after = try await scene.engine.now()
            try await scene.expectState(.queued, of: new.envelope.id, "after the push")
            let task = try await worker.claim(new.envelope.id, from: "letters")
            try scene.expect(task.envelope.name, is: "work", "name")
            try scene.expect(task.envelope.version, is: 1, "version")
            try scene.expect(task.envelope.payload, is: new.envelope.payload, "payload")
            try scene.expect(task.envelope.traceparent, is: new.envelope.traceparent, "trace context")
            try scene.expect(task.envelope.isIntact, "the checksum of an untouched task holds")
            try scene.expect(
                before <= task.envelope.enqueuedAt && task.envelope.enqueuedAt <= after,
                "enqueuedAt is the engine's time of the push (\(before)…\(after)); found \(task.envelope.enqueuedAt)")
            try scene.expect(task.queue, is: "letters", "queue")
            try scene.expect(task.fence.number, is: 1, "number of the first fence")
            try scene.expect(task.attempt, is: 1, "attempt")
            try scene.expect(task.resurrections, is: 0, "resurrections")
            try scene.expect(task.checkpoint, is: nil, "checkpoint")
            try scene.expect(task.key, is: nil, "key")
            try scene.expect(task.operation, is: nil, "operation of a task without a key")
            try scene.expect(!task.isSuspect, "a new task is no suspect")
            try scene.expect(task.resultTTL, is: .minutes(9), "resultTTL")
            try await scene.expectState(.running, of: task.id, "after the claim")
            let keyed = try await scene.start(scene.task(queue: "letters", key: "k", keyTTL: .minutes(7)), on: worker)
            try scene.expect(keyed.key, is: "k", "key of a task that has one")
            try scene.expect(keyed.keyTTL, is: .minutes(7), "keyTTL of a task that has a key")
        }
    }

    /// An engine neither repairs nor refuses an envelope whose checksum does not hold: the worker has to see it.
    public func anAlteredEnvelopeIsKeptAsItIs() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var new = scene.task(payload: #"{"amount":5}"#)
            new.envelope.payload = Data(#"{"amount":5000}"#.utf8)
            let task = try await scene.start(new, on: worker)
            try scene.expect(task.envelope.payload, is: new.envelope.payload, "payload")
            try scene.expect(task.envelope.checksum, is: new.envelope.checksum, "checksum")
            try scene.expect(!task.envelope.isIntact, "the altered envelope shows as altered")
        }
    }

    /// Payload and result come back byte for byte: no normalising, no cutting at a zero byte, up to a megabyte.
    public func payloadBytesAreKeptExactly() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let payloads = [
                Data(), Data([0, 255, 0, 10, 39, 34, 92]), Data("{ \"b\" : 1,\t\"a\":\"e\u{301}\u{1F980}\" }".utf8),
                Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }),
            ]
            for payload in payloads {
                var new = scene.task()
                new.envelope = Envelope(
                    id: new.envelope.id, name: "work", version: 1, payload: payload, enqueuedAt: EngineTime(microseconds: 0))
                let task = try await scene.start(new, on: worker)
                try scene.expect(task.envelope.payload == payload, "a payload of \(payload.count) bytes comes back as it was")
                try await worker.end(task, .commit(result: payload))
                let result = try await scene.engine.status(of: [task.id])[task.id]?.result
                try scene.expect(result == payload, "a result of \(payload.count) bytes comes back as it was")
            }
        }
    }

    /// A push under an id that was pushed before is `known`, whatever became of the task, and changes nothing.
    public func aKnownIDChangesNothing() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let new = scene.task()
            try await scene.accept(new)
            try scene.expect(try await scene.push(new), is: .known, "pushing a queued task again")
            let task = try await worker.claim(new.envelope.id)
            try scene.expect(try await scene.push(new), is: .known, "pushing a running task again")
            try await worker.commit(task, "1")
            try scene.expect(try await scene.push(new), is: .known, "pushing a committed task again")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim after all pushes of the one id")

            let failing = try await scene.start(scene.task(), on: worker)
            try await worker.quarantine(failing)
            let again = scene.task(id: failing.id)
            try scene.expect(try await scene.push(again), is: .known, "pushing a quarantined task again")
            try await scene.expectState(.quarantined, of: failing.id, "after pushing it again")
        }
    }

    /// The same id twice in one batch is one task.
    public func aKnownIDInOneBatch() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let new = scene.task()
            let outcomes = try await scene.engine.push([new, scene.task(), new])
            try scene.expect(outcomes, is: [.accepted, .accepted, .known], "outcomes of a batch with one id twice")
            try scene.expect(try await worker.claim().count, is: 2, "tasks to claim")
        }
    }

    /// While a task with a key is queued, scheduled, running or waits for a retry, another push with the key names it and queues nothing.
    public func aDuplicateAttachesToALiveTask() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let new = scene.task(due: .after(.seconds(10)), key: "k")
            let owner = try await scene.accept(new)
            func expectDuplicate(_ when: String) async throws {
                let outcome = try await scene.push(scene.task(key: "k"))
                try scene.expect(outcome, is: .duplicate(by: owner), "a second push with the key of a \(when) task")
            }
            try await expectDuplicate("scheduled")
            try await scene.advance(.seconds(11))
            try await scene.tend()
            try await expectDuplicate("queued")
            let task = try await worker.claim(owner)
            try scene.expect(task.key, is: "k", "key of the claimed task")
            try await expectDuplicate("running")
            try await worker.retry(task, after: .seconds(10))
            try await expectDuplicate("retried")
            try scene.expect(try await scene.push(scene.task(key: "other")), is: .accepted, "a push with another key")
        }
    }

    /// Two tasks with one key in one batch: the first is accepted, the second names it.
    public func duplicatesInOneBatch() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let tasks = [scene.task(key: "a"), scene.task(key: "b"), scene.task(key: "a"), scene.task(), scene.task(key: "a")]
            let first = tasks[0].envelope.id
            let outcomes = try await scene.engine.push(tasks)
            try scene.expect(
                outcomes, is: [.accepted, .accepted, .duplicate(by: first), .accepted, .duplicate(by: first)],
                "outcomes of a batch with one key three times")
            try scene.expect(
                Set(try await worker.claim().map(\.id)), is: [first, tasks[1].envelope.id, tasks[3].envelope.id], "tasks to claim")
        }
    }

    /// 200 pushes of one key at once from two handles: one is accepted, all others name it.
    public func concurrentPushesOfOneKeyAreOneTask() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let outcomes = try await withThrowingTaskGroup(of: (TaskID, PushOutcome).self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let new = scene.task(key: "the only one")
                        let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                        return (new.envelope.id, try await engine.push([new])[0])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let accepted = outcomes.filter { $0.1 == .accepted }.map(\.0)
            try scene.expect(accepted.count, is: 1, "accepted pushes of 200 with one key")
            let strangers = outcomes.filter { $0.1 != .accepted && $0.1 != .duplicate(by: accepted[0]) }
            try scene.expect(strangers.count, is: 0, "pushes that are neither accepted nor name the accepted one")
            try scene.expect(try await worker.claim().map(\.id), is: accepted, "tasks to claim")
        }
    }

    /// From the commit on the key answers with the finished task, whose result is kept at least as long, until its time to live is over.
    public func aDuplicateOfAFinishedTaskGetsItsResult() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k", keyTTL: .hours(3), resultTTL: .minutes(1)), on: worker)
            // The time to live counts from the commit, not from the push.
            try await scene.advance(.hours(2))
            try await worker.commit(task, #"{"sum":42}"#)
            try await scene.advance(.hours(2))
            try await scene.tend()
            try scene.expect(
                try await scene.push(scene.task(key: "k")), is: .duplicate(by: task.id), "a push within the key's time to live")
            let status = try await scene.engine.status(of: [task.id])[task.id]
            try scene.expect(status?.result, is: Data(#"{"sum":42}"#.utf8), "result of the finished task while its key answers")
            try scene.expect(try await worker.claim().count, is: 0, "tasks queued by a duplicate")
            try await scene.advance(.minutes(61))
            try scene.expect(try await scene.push(scene.task(key: "k")), is: .accepted, "a push after the key's time to live")
            try scene.expect(try await scene.push(scene.task(key: "k")) != .accepted, "the key belongs to the new task now")
        }
    }

    /// When a task with a key is quarantined, the next push with the key is a new task.
    public func aFailureFreesTheKey() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(key: "k"), on: worker)
            try await worker.quarantine(task)
            let next = try await scene.accept(scene.task(key: "k"))
            try scene.expect(try await scene.push(scene.task(key: "k")), is: .duplicate(by: next), "a push with the key after that")
        }
    }

    /// When one task of a batch is refused, none of them was pushed.
    public func aBatchIsAcceptedWholeOrNotAtAll() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            try await worker.commit(parent)
            let tasks = [scene.task(key: "k"), scene.task(), scene.task(parent: parent)]
            try await scene.expectError(.fenced, "a batch with a child of a parent that has ended") {
                _ = try await scene.engine.push(tasks)
            }
            let status = try await scene.engine.status(of: tasks.map(\.envelope.id))
            try scene.expect(status.count, is: 0, "tasks of the refused batch that exist")
            try scene.expect(try await scene.push(tasks[0]), is: .accepted, "pushing a task of the refused batch by itself")
            try scene.expect(try await scene.engine.push([]), is: [], "outcomes of pushing nothing")
        }
    }

    /// One queue is served first come, first served.
    public func tasksAreServedInTheOrderOfTheirPush() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var ids = try await scene.accept((0..<10).map { _ in scene.task() })
            for _ in 0..<10 { ids.append(try await scene.accept(scene.task())) }
            var claimed: [TaskID] = []
            for _ in 0..<5 { claimed += try await worker.claim(4).map(\.id) }
            try scene.expect(claimed, is: ids, "order of claims")
        }
    }

    /// 5,000 tasks in one batch are accepted in one step and each can be claimed once.
    public func aLargeBatchIsAcceptedWhole() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept((0..<5000).map { scene.task(payload: #"{"n":\#($0)}"#) })
            let queue = try await scene.engine.queues().first { $0.queue == .default }
            try scene.expect(queue?.queued, is: 5000, "queued tasks")
            var claimed: [TaskID] = []
            while true {
                let tasks = try await worker.claim(400)
                if tasks.isEmpty { break }
                claimed += tasks.map(\.id)
                let replies = try await scene.engine.settle(
                    tasks.map { Settlement(task: $0.id, fence: $0.fence, outcome: .commit(result: Data("{}".utf8))) })
                try scene.expect(replies.allSatisfy { $0 == .done }, "every commit of a batch is done")
            }
            try scene.expect(claimed.count == 5000 && Set(claimed).count == 5000, "5,000 claims of different tasks, found \(claimed.count)")
            try scene.expectClaimed(claimed, is: ids, "the 5,000 tasks")
        }
    }

    /// Another process sees a task as soon as the push has returned.
    public func whatWasPushedIsSeenByEveryHandle() async throws {
        try await scene { scene in
            let worker = try await scene.join(on: scene.other)
            for _ in 0..<20 {
                let id = try await scene.accept(scene.task())
                try scene.expect(try await scene.other.status(of: [id])[id]?.state, is: .queued, "state through another handle")
                try await worker.commit(try await worker.claim(id))
                try await scene.expectState(.committed, of: id, "through the first handle")
            }
        }
    }
}
