import Foundation
import Relier

extension EngineConformance {
    static let admissionChecks: [Check] = [
        Check("admissionIsExactUnderConcurrency") { try await $0.admissionIsExactUnderConcurrency() },
        Check("aFullWindowRejectsUntilItEnds") { try await $0.aFullWindowRejectsUntilItEnds() },
        Check("aBatchIsAdmittedInOrderAsFarAsItFits") { try await $0.aBatchIsAdmittedInOrderAsFarAsItFits() },
        Check("duplicatesCostNothingWhenTheWindowIsFull") { try await $0.duplicatesCostNothingWhenTheWindowIsFull() },
        Check("aPushSentAgainIsCountedOnce") { try await $0.aPushSentAgainIsCountedOnce() },
        Check("onlyPushesAreCounted") { try await $0.onlyPushesAreCounted() },
        Check("childrenAreCountedOnce") { try await $0.childrenAreCountedOnce() },
        Check("aRefusedBatchIsNotCounted") { try await $0.aRefusedBatchIsNotCounted() },
        Check("anOpenWindowKeepsItsLength") { try await $0.anOpenWindowKeepsItsLength() },
        Check("aResetEndsTheWindow") { try await $0.aResetEndsTheWindow() },
        Check("aWallClockJumpEndsNoWindow", needs: .separateWallClock) { try await $0.aWallClockJumpEndsNoWindow() },
    ]

    /// 1,000 pushes of 50 callers through two handles, batches among them, at a limit of 500: 500 are admitted, the others told when to return.
    public func admissionIsExactUnderConcurrency() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 500, window: .hours(1))
            let outcomes = try await withThrowingTaskGroup(of: [PushOutcome].self) { group in
                for caller in 0..<50 {
                    group.addTask {
                        let engine = caller.isMultiple(of: 2) ? scene.engine : scene.other
                        var outcomes: [PushOutcome] = []
                        // Five callers out of ten push one by one, the others in batches of different sizes.
                        let size = max(1, caller % 10 - 4)
                        for start in stride(from: 0, to: 20, by: size) {
                            let tasks = (start..<min(20, start + size)).map { _ in scene.task() }
                            outcomes += try await engine.push(tasks, admission: policy)
                        }
                        return outcomes
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try scene.expect(outcomes.count, is: 1000, "outcomes of 1,000 pushes")
            try scene.expect(outcomes.count { $0 == .accepted }, is: 500, "pushes admitted at a limit of 500")
            let told = outcomes.compactMap(\.rejection)
            try scene.expect(told.count, is: 500, "pushes rejected")
            try scene.expect(
                told.allSatisfy { $0.cause == .window && $0.retryAfter > .zero && $0.retryAfter <= .hours(1) },
                "each rejection names the window and the time left in it")
            try scene.expect(try await scene.engine.queues().map(\.queued).reduce(0, +), is: 500, "tasks queued")
            try scene.expect(try await scene.other.admission().window?.admitted, is: 500, "tasks counted in the window")
        }
    }

    /// A full window rejects until it ends on the engine's clock; the next one takes as many again.
    public func aFullWindowRejectsUntilItEnds() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 3, window: .minutes(10))
            try scene.expect(try await scene.engine.admission().window == nil, "no window is open before the first push")
            for round in 1...3 {
                for _ in 0..<3 { try await scene.admit(1, policy, "a push within the limit in window \(round)") }
                let early = try await scene.expectRejection(policy, .window, "a push beyond the limit in window \(round)")
                try scene.expect(early > .minutes(9) && early <= .minutes(10), "the time left in a fresh window of 10 min; it is \(early)")
                try await scene.advance(.minutes(5))
                let late = try await scene.expectRejection(policy, .window, "a push in the middle of window \(round)")
                try scene.expect(late > .minutes(4) && late <= .minutes(5), "the time left in the middle of the window; it is \(late)")
                let status = try scene.unwrap(try await scene.other.admission().window, "the open window")
                try scene.expect(status.admitted, is: 3, "tasks counted in window \(round)")
                try scene.expect(status.limit, is: 3, "the limit of window \(round)")
                try scene.expect(status.length, is: .minutes(10), "the length of window \(round)")
                try scene.expect(status.left > .minutes(4) && status.left <= .minutes(5), "the time left that operators see")
                try await scene.advance(late)
                try scene.expect(try await scene.other.admission().window == nil, "the window is over after the time that was told")
            }
        }
    }

    /// A batch over the limit is admitted exactly up to it, in its order; the rest is not stored and can be pushed again under the same ids.
    public func aBatchIsAdmittedInOrderAsFarAsItFits() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: 5, window: .minutes(10))
            try await scene.admit(2, policy, "a batch that fits")
            _ = try await worker.claim()
            let batch = (0..<8).map { _ in scene.task() }
            let outcomes = try await scene.other.push(batch, admission: policy)
            try scene.expect(outcomes.prefix(3).map(\.isAccepted), is: [true, true, true], "what of the batch fits")
            try scene.expect(outcomes.dropFirst(3).allSatisfy { $0.rejection?.cause == .window }, "the rest of the batch is rejected")
            let ids = batch.map(\.envelope.id)
            try scene.expect(Set(try await scene.engine.status(of: ids).keys), is: Set(ids.prefix(3)), "tasks of the batch that are stored")
            try await scene.advance(.minutes(11))
            let second = try await scene.engine.push(Array(batch.dropFirst(3)), admission: policy)
            try scene.expect(second.allSatisfy(\.isAccepted), "the rest is admitted in the next window, under its ids")
            try scene.expect(try await worker.claim().map(\.id), is: ids, "tasks claimed, in order")
        }
    }

    /// A known id and a key that is held or completed are answered as ever, also when the window is full, and do not fill it.
    public func duplicatesCostNothingWhenTheWindowIsFull() async throws {
        try await scene { scene in
            let worker = try await scene.join(queues: [.default, "done"])
            let policy = AdmissionPolicy(limit: 3, window: .minutes(10))
            let (live, done, plain) = (scene.task(key: "live"), scene.task(queue: "done", key: "done"), scene.task())
            try scene.expect(try await scene.engine.push([done, live], admission: policy), is: [.accepted, .accepted], "two new tasks")
            try await worker.commit(try await worker.claim(done.envelope.id, from: "done"))
            func repeats() -> [NewTask] { [live, done, scene.task(key: "live"), scene.task(key: "done")] }
            func expectAnswers(_ outcomes: [PushOutcome], _ when: String) throws {
                let (liveID, doneID) = (live.envelope.id, done.envelope.id)
                // A known task with a key may as well be called a duplicate of itself.
                try scene.expect([.known, .duplicate(by: liveID)].contains(outcomes[0]), "a live id \(when): \(outcomes[0])")
                try scene.expect([.known, .duplicate(by: doneID)].contains(outcomes[1]), "a finished id \(when): \(outcomes[1])")
                try scene.expect(
                    Array(outcomes[2...3]), is: [.duplicate(by: liveID), .duplicate(by: doneID)], "a held and a completed key \(when)")
            }
            try expectAnswers(try await scene.engine.push(repeats(), admission: policy), "with room in the window")
            try scene.expect(
                try await scene.engine.push([plain], admission: policy), is: [.accepted], "the third new task: duplicates took no room")
            let mixed = [scene.task()] + repeats() + [scene.task(), plain]
            let outcomes = try await scene.other.push(mixed, admission: policy)
            try scene.expect(outcomes[0].rejection != nil && outcomes[5].rejection != nil, "new tasks among duplicates are rejected")
            try expectAnswers(Array(outcomes[1...4]), "in a full window, behind a rejected task")
            try scene.expect(outcomes[6], is: .known, "a live id without a key behind rejected tasks")
            try scene.expect(try await scene.engine.admission().window?.admitted, is: 3, "tasks counted")
        }
    }

    /// A push whose reply was lost is counted once however often it is sent, whole or in part.
    public func aPushSentAgainIsCountedOnce() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 6, window: .minutes(10))
            let lossy = LossyEngine(scene.engine)
            for (fault, expected) in [(LossyEngine.Fault.replyLost, 2), (.requestLost, 4)] {
                lossy.inject(fault, into: .push)
                let tasks = [scene.task(), scene.task(key: "\(expected)")]
                try await scene.expectError(.outcomeUnknown, "a push with a fault") { _ = try await lossy.push(tasks, admission: policy) }
                for _ in 0..<3 { _ = try await lossy.push(tasks, admission: policy) }
                try scene.expect(try await scene.engine.admission().window?.admitted, is: expected, "tasks counted")
            }
            let batch = (0..<5).map { _ in scene.task() }
            lossy.inject(.replyLost, into: .push)
            try await scene.expectError(.outcomeUnknown, "a batch with a fault") { _ = try await lossy.push(batch, admission: policy) }
            let outcomes = try await lossy.push(batch, admission: policy)
            try scene.expect(Array(outcomes.prefix(2)), is: [.known, .known], "what of the batch had been admitted")
            try scene.expect(outcomes.dropFirst(2).allSatisfy { $0.rejection != nil }, "what had not is rejected again")
            try scene.expect(try await scene.engine.admission().window?.admitted, is: 6, "tasks counted at the limit")
        }
    }

    /// Promotions, retries, resurrections, releases from the dead letter queue and pushes without a policy fill no window and pass a full one.
    public func onlyPushesAreCounted() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 2, window: .hours(1))
            let delayed = scene.task(due: .after(.minutes(1)))
            let other = scene.task()
            try scene.expect(try await scene.engine.push([delayed, other], admission: policy), is: [.accepted, .accepted], "two pushes")
            try await scene.expectRejection(policy, .window, "a third push")
            try await scene.advance(.minutes(2))
            try scene.expect(try await scene.tend().promoted, is: 1, "tasks promoted in a full window")
            let doomed = try await scene.join()
            try scene.expect(Set(try await doomed.claim().map(\.id)), is: [delayed.envelope.id, other.envelope.id], "tasks claimed")
            try scene.expect(try await scene.die(doomed).requeued.count, is: 2, "tasks resurrected in a full window")
            let worker = try await scene.join()
            let recovered = try await worker.claim()
            try await worker.retry(recovered[0])
            try await worker.quarantine(recovered[1])
            try await scene.engine.releaseDeadLetter(recovered[1].id, fresh: false)
            try scene.expect(try await worker.claim().count, is: 2, "a retried and a released task to claim")
            try await scene.accept((0..<5).map { _ in scene.task() })
            try scene.expect(try await scene.engine.admission().window?.admitted, is: 2, "tasks counted")
        }
    }

    /// A child fills the window like any task, once however often its parent pushes it.
    public func childrenAreCountedOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: 4, window: .minutes(10))
            let parent = try await scene.start(scene.task(queue: "parents"), on: worker)
            let children = (0..<6).map { _ in scene.task(parent: parent) }
            for _ in 0..<2 {
                let outcomes = try await scene.engine.push(children, admission: policy)
                try scene.expect(outcomes.prefix(4).allSatisfy { $0.rejection == nil }, "the first four children are in")
                try scene.expect(outcomes.dropFirst(4).allSatisfy { $0.rejection?.cause == .window }, "the others are not")
            }
            try await worker.commit(try await worker.claim(1)[0])
            try await scene.advance(.minutes(11))
            let outcomes = try await scene.engine.push(children, admission: policy)
            try scene.expect(outcomes, is: [.known, .known, .known, .known, .accepted, .accepted], "all children in the next window")
            try scene.expect(try await scene.engine.admission().window?.admitted, is: 2, "children counted in it")
        }
    }

    /// A batch that is refused for another reason takes no room.
    public func aRefusedBatchIsNotCounted() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: 3, window: .minutes(10))
            let parent = try await scene.start(scene.task(queue: "parents"), on: worker)
            try await worker.commit(parent)
            try await scene.expectError(.fenced, "a batch with a child of a parent that has ended") {
                _ = try await scene.engine.push([scene.task(), scene.task(), scene.task(parent: parent)], admission: policy)
            }
            try await scene.admit(3, policy, "a batch of the whole limit after that")
        }
    }

    /// A caller with a shorter window neither ends an open one nor opens its own beside it; its own limit counts at once.
    public func anOpenWindowKeepsItsLength() async throws {
        try await scene { scene in
            let long = AdmissionPolicy(limit: 3, window: .hours(1))
            let short = AdmissionPolicy(limit: 2, window: .seconds(1))
            try await scene.admit(2, long, "pushes that open a window")
            try await scene.advance(.minutes(5))
            let left = try await scene.expectRejection(short, .window, "a push at a lower limit")
            try scene.expect(left > .minutes(50), "the time left in the open window; it is \(left)")
            try await scene.admit(1, long, "a push at the higher limit")
            try await scene.advance(.hours(1))
            try await scene.admit(2, short, "pushes that open a short window")
            try await scene.advance(.seconds(2))
            try await scene.admit(2, short, "pushes in the next short window")
        }
    }

    /// After a reset the next push opens a window of its own.
    public func aResetEndsTheWindow() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 2, window: .hours(1))
            try await scene.engine.resetAdmission()
            try await scene.admit(2, policy, "a batch of the whole limit")
            try await scene.advance(.minutes(30))
            try await scene.expectRejection(policy, .window, "a push beyond it")
            try await scene.other.resetAdmission()
            try scene.expect(try await scene.engine.admission().window == nil, "no window is open after the reset")
            try await scene.admit(2, policy, "a batch of the whole limit after the reset")
            let left = try await scene.expectRejection(policy, .window, "a push beyond that")
            try scene.expect(left > .minutes(55), "the time left in the new window; it is \(left)")
        }
    }

    /// Setting the wall clock neither ends nor lengthens a window.
    public func aWallClockJumpEndsNoWindow() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 1, window: .minutes(10))
            try await scene.admit(1, policy, "a push within the limit")
            for jump in [Duration.days(400), .days(-800)] {
                try await scene.jumpWallClock(jump)
                let left = try await scene.expectRejection(policy, .window, "a push after a jump of the wall clock")
                try scene.expect(left > .minutes(9) && left <= .minutes(10), "the time left after the jump; it is \(left)")
            }
            try await scene.advance(.minutes(10))
            try await scene.admit(1, policy, "a push when the window is over")
        }
    }
}

extension PushOutcome {
    var isAccepted: Bool { self == .accepted }
    var rejection: AdmissionRejection? { if case .rejected(let rejection) = self { rejection } else { nil } }
}

extension Scene {
    /// Pushes new tasks in one batch, all of which must be admitted.
    @discardableResult
    func admit(_ count: Int, _ policy: AdmissionPolicy, _ what: String) async throws -> [TaskID] {
        let tasks = (0..<count).map { _ in task() }
        let outcomes = try await engine.push(tasks, admission: policy)
        try expect(outcomes, is: Array(repeating: .accepted, count: count), what)
        return tasks.map(\.envelope.id)
    }

    /// Pushes one new task that must be rejected for this cause; when to come back.
    @discardableResult
    func expectRejection(_ policy: AdmissionPolicy, _ cause: AdmissionRejection.Cause, _ what: String) async throws -> Duration {
        let outcomes = try await other.push([task()], admission: policy)
        let rejection = try unwrap(outcomes.first?.rejection, "a rejection of \(what), found \(outcomes)")
        try expect(rejection.cause, is: cause, "cause of the rejection of \(what)")
        return rejection.retryAfter
    }
}
