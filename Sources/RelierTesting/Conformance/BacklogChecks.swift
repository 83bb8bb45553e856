import Foundation
import Relier

extension EngineConformance {
    static let backlogChecks: [Check] = [
        Check("aBacklogByCountRejects") { try await $0.aBacklogByCountRejects() },
        Check("aBacklogIsExactUnderConcurrency") { try await $0.aBacklogIsExactUnderConcurrency() },
        Check("aBacklogByAgeRejects") { try await $0.aBacklogByAgeRejects() },
        Check("onlyAFirstWaitAges") { try await $0.onlyAFirstWaitAges() },
        Check("childrenPassTheBacklog") { try await $0.childrenPassTheBacklog() },
    ]

    /// No more come in while as many wait as the bound says; what is delayed, runs or has ended does not wait.
    public func aBacklogByCountRejects() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: nil, window: .seconds(30), maxBacklog: 3)
            let delayed = (0..<5).map { _ in scene.task(due: .after(.hours(1))) }
            try scene.expect(
                try await scene.engine.push(delayed, admission: policy).allSatisfy(\.isAccepted), "delayed tasks are no backlog")
            let batch = (0..<5).map { index in scene.task(queue: index.isMultiple(of: 2) ? .default : "second") }
            let outcomes = try await scene.engine.push(batch, admission: policy)
            try scene.expect(outcomes.prefix(3).allSatisfy(\.isAccepted), "tasks up to the bound, on all queues together")
            try scene.expect(
                outcomes.dropFirst(3).allSatisfy { $0.rejection == AdmissionRejection(.backlog, retryAfter: .seconds(30)) },
                "the others are told a whole window, since none is open; found \(outcomes)")
            try scene.expect(try await scene.other.push([batch[0]], admission: policy), is: [.known], "a known task in a full backlog")
            try scene.expect(try await scene.engine.admission().backlog, is: 3, "the backlog that operators see")
            let claimed = try await worker.claim(1)
            try await scene.admit(1, policy, "a push after one was claimed")
            try await scene.expectRejection(policy, .backlog, "a push beyond the bound")
            try await worker.retry(claimed[0])
            try await scene.expectRejection(policy, .backlog, "a push after a retry, which passes the bound itself")
            try scene.expect(try await scene.engine.admission().backlog, is: 4, "the backlog after the retry")
            try scene.expect(try await scene.engine.admission().window == nil, "without a limit nothing is counted")
        }
    }

    /// 400 pushes at once through two handles at a bound of 100: 100 wait.
    public func aBacklogIsExactUnderConcurrency() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: 300, window: .hours(1), maxBacklog: 100)
            let outcomes = try await withThrowingTaskGroup(of: PushOutcome.self) { group in
                for index in 0..<400 {
                    group.addTask {
                        let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                        return try await engine.push([scene.task()], admission: policy)[0]
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try scene.expect(outcomes.count(where: \.isAccepted), is: 100, "pushes admitted at a bound of 100")
            try scene.expect(outcomes.compactMap(\.rejection).allSatisfy { $0.cause == .backlog }, "the others are rejected by the backlog")
            let status = try await scene.engine.admission()
            try scene.expect(status.backlog, is: 100, "tasks that wait")
            try scene.expect(status.window?.admitted, is: 100, "tasks counted in the window: the rejected are not")
        }
    }

    /// No more come in while the oldest has waited for longer than the bound.
    public func aBacklogByAgeRejects() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: 10, window: .hours(2), maxAge: .minutes(10))
            let first = try await scene.admit(1, policy, "a push into an empty queue")
            try await scene.advance(.minutes(8))
            try await scene.admit(1, policy, "a push while the oldest is young enough")
            try await scene.advance(.minutes(3))
            let left = try await scene.expectRejection(policy, .age, "a push while the oldest is too old")
            try scene.expect(left > .minutes(100) && left < .hours(2), "the time left in the open window; it is \(left)")
            let age = try scene.unwrap(try await scene.other.admission().oldestAge, "the age that operators see")
            try scene.expect(age >= .minutes(11) && age < .minutes(20), "the age of the oldest; it is \(age)")
            _ = try await worker.claim(first[0])
            try await scene.admit(1, policy, "a push after the oldest was claimed")
        }
    }

    /// Tasks that were delayed, retried, recovered or parked are old for other reasons: they hold nobody up.
    public func onlyAFirstWaitAges() async throws {
        try await scene { scene in
            let policy = AdmissionPolicy(limit: nil, maxAge: .minutes(10))
            let doomed = try await scene.join()
            let lost = try await scene.start(scene.task(), on: doomed)
            try await scene.accept([scene.task(due: .after(.hours(1))), scene.task("stranger")])
            let worker = try await scene.join()
            let second = try await scene.join(queues: ["second"])
            try await second.retry(try await scene.start(scene.task(queue: "second"), on: second))
            // Nobody knows the stranger: looking for work parks it.
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
            try await scene.advance(.hours(2))
            try scene.expect(try await scene.tend().promoted, is: 1, "delayed tasks promoted")
            try scene.expect(try await scene.die(doomed).requeued, is: [lost.id], "tasks recovered")
            _ = try await scene.join([TaskKind(name: "stranger", version: 1)])
            try scene.expect(try await scene.engine.admission().backlog, is: 4, "tasks that wait")
            try await scene.admit(1, policy, "a push beside tasks that are old for other reasons")
            try await scene.advance(.minutes(11))
            try await scene.expectRejection(policy, .age, "a push when that one has waited too long, behind older ones")
        }
    }

    /// A body's children pass both bounds, or their parent would wait for itself.
    public func childrenPassTheBacklog() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let policy = AdmissionPolicy(limit: 5, window: .hours(1), maxBacklog: 2, maxAge: .minutes(1))
            let parent = try await scene.start(scene.task(queue: "parents"), on: worker)
            try await scene.admit(2, policy, "pushes up to the bound")
            try await scene.expectRejection(policy, .backlog, "a push beyond it")
            try await scene.advance(.minutes(5))
            let children = (0..<4).map { _ in scene.task(parent: parent) }
            let outcomes = try await scene.engine.push(children, admission: policy)
            try scene.expect(outcomes.prefix(3).allSatisfy(\.isAccepted), "children within the window's limit, whatever waits")
            try scene.expect(outcomes[3].rejection?.cause, is: .window, "what rejects the child beyond the window's limit")
        }
    }
}
