import Foundation
import Relier

extension EngineConformance {
    static let listingChecks: [Check] = [
        Check("pagesOfTasksHoldEachOnce") { try await $0.pagesOfTasksHoldEachOnce() },
        Check("tasksAreFilteredByStateQueueAndName") { try await $0.tasksAreFilteredByStateQueueAndName() },
        Check("queuesCountEveryState") { try await $0.queuesCountEveryState() },
        Check("inspectShowsADelayedTask") { try await $0.inspectShowsADelayedTask() },
        Check("unknownTasksAreMissing") { try await $0.unknownTasksAreMissing() },
        Check("aHealthyEngineSaysSo") { try await $0.aHealthyEngineSaysSo() },
    ]

    /// Whatever is pushed or moves between two pages, a task that is there all the time is listed once.
    public func pagesOfTasksHoldEachOnce() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ids = try await scene.accept((0..<45).map { _ in scene.task() })
            var seen: [TaskID] = []
            var after: String?
            for page in 0..<20 {
                let answer = try await scene.engine.tasks(TaskQuery(limit: 10, after: after))
                try scene.expect(answer.items.count <= 10, "a page of at most 10 holds \(answer.items.count)")
                seen += answer.items.map(\.id)
                if page == 1 {
                    try await scene.accept((0..<5).map { _ in scene.task() })
                    _ = try await worker.claim(3)
                }
                after = answer.next
                if after == nil { break }
            }
            let original = seen.filter(Set(ids).contains)
            try scene.expect(original.count, is: 45, "times that the 45 first tasks are listed")
            try scene.expect(Set(original) == Set(ids), "each of them is listed once")
            try scene.expect(Set(seen).count, is: seen.count, "distinct tasks among those listed")
            try scene.expect(after, is: nil, "the last page has no next one")
        }
    }

    /// Filters hold together, for live tasks and for those that have ended.
    public func tasksAreFilteredByStateQueueAndName() async throws {
        try await scene { scene in
            let worker = try await scene.join([TaskKind(name: "a", version: 1), TaskKind(name: "b", version: 1)])
            let running = try await scene.start(scene.task("a", queue: "q"), on: worker)
            let done = try await scene.start(scene.task("a", queue: "q"), on: worker)
            try await worker.commit(done)
            let dead = try await scene.start(scene.task("b", queue: "q"), on: worker)
            try await worker.quarantine(dead)
            let queued = try await scene.accept(scene.task("a", queue: "q"))
            let elsewhere = try await scene.accept(scene.task("a", queue: "r"))
            let later = try await scene.accept(scene.task("b", queue: "r", due: .after(.hours(1))))
            let cases: [(TaskQuery, Set<TaskID>, String)] = [
                (TaskQuery(state: .running), [running.id], "running tasks"),
                (TaskQuery(state: .committed), [done.id], "committed tasks"),
                (TaskQuery(state: .quarantined), [dead.id], "quarantined tasks"),
                (TaskQuery(state: .scheduled), [later], "scheduled tasks"),
                (TaskQuery(state: .queued), [queued, elsewhere], "queued tasks"),
                (TaskQuery(state: .queued, queue: "q"), [queued], "queued tasks of one queue"),
                (TaskQuery(queue: "r"), [elsewhere, later], "tasks of one queue"),
                (TaskQuery(state: .queued, name: "b"), [], "queued tasks of a name that has none"),
                (TaskQuery(name: "nobody"), [], "tasks of an unknown name"),
            ]
            for (query, expected, what) in cases {
                let items = try await scene.engine.tasks(query).items
                try scene.expect(Set(items.map(\.id)), is: expected, what)
                try scene.expect(items.count, is: expected.count, "number of \(what)")
            }
            let summary = try scene.unwrap(
                try await scene.engine.tasks(TaskQuery(state: .running)).items.first, "the running task's summary")
            try scene.expect(summary.name, is: "a", "name")
            try scene.expect(summary.queue, is: "q", "queue")
            try scene.expect(summary.attempt, is: 1, "attempt")
            try scene.expect(summary.worker, is: "puppet", "worker")
        }
    }

    /// Each queue is summed up: what is queued, recovered, scheduled, running, parked, suspected and waiting, and how old its oldest task is.
    public func queuesCountEveryState() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let trapped = try await scene.join()
            let worker = try await scene.join()
            _ = try await scene.start(scene.task(), on: trapped)
            try await scene.die(trapped, .signalled(11))
            let owner = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            let waiter = try await scene.start(scene.task(), on: worker)
            try await worker.end(waiter, .snooze(key: "k"))
            try await scene.accept(scene.task("unknown"))
            _ = try await worker.claim()
            try await scene.accept(scene.task(due: .after(.hours(1))))
            try await scene.accept([scene.task(), scene.task()])
            _ = try await doomed.claim()
            try await scene.die(doomed)
            let before = try await scene.engine.now()
            try await scene.accept((0..<3).map { _ in scene.task() })
            try await scene.accept(scene.task(queue: "other"))
            let queues = try await scene.other.queues()
            var queue = try scene.unwrap(queues.first { $0.queue == .default }, "the default queue")
            let oldest = try scene.unwrap(queue.oldest, "the age of the oldest queued task")
            try scene.expect(oldest <= before + .seconds(60), "the oldest queued task is no younger than the push of the last ones")
            queue.oldest = nil
            try scene.expect(
                queue,
                is: QueueSummary(queue: .default, queued: 3, recovered: 2, scheduled: 1, running: 1, parked: 1, suspects: 1, waiting: 1),
                "summary of the default queue")
            try scene.expect(queues.first { $0.queue == "other" }?.queued, is: 1, "queued tasks of the other queue")
        }
    }

    /// Inspection tells when a task is due, its key and its payload.
    public func inspectShowsADelayedTask() async throws {
        try await scene { scene in
            let now = try await scene.engine.now()
            let id = try await scene.accept(
                scene.task(version: 4, payload: #"{"list":[1,true,null,"x"]}"#, queue: "q", due: .after(.hours(1)), key: "work:abc"))
            let details = try await scene.details(of: id)
            let due = try scene.unwrap(details.due, "due time of a scheduled task")
            try scene.expect(due >= now + .minutes(59) && due <= now + .minutes(61), "it is due in an hour; found \(due - now)")
            try scene.expect(details.key?.contains("work:abc") == true, "the key is shown")
            try scene.expect(details.payload, is: .object(["list": .array([.integer(1), .bool(true), .null, .string("x")])]), "payload")
            try scene.expect(details.summary.version, is: 4, "version")
            try scene.expect(details.summary.state, is: .scheduled, "state")
            try scene.expect(details.history, is: [], "history of a task that never ran")
            var broken = scene.task()
            broken.envelope.payload = Data([0xff, 0x00])
            try await scene.accept(broken)
            try scene.expect(try await scene.details(of: broken.envelope.id).payload, is: nil, "payload that is no JSON")
        }
    }

    /// Ids that nobody pushed are missing in every answer.
    public func unknownTasksAreMissing() async throws {
        try await scene { scene in
            let known = try await scene.accept(scene.task())
            let status = try await scene.engine.status(of: [.next(), known, .next(), known])
            try scene.expect(Array(status.keys), is: [known], "ids in the answer")
            try scene.expect(try await scene.engine.status(of: []).count, is: 0, "answers to no question")
            try scene.expect(try await scene.engine.inspect(.next()) == nil, "an unknown task cannot be inspected")
        }
    }

    /// A working engine finds nothing wrong with itself, and tells where it is.
    public func aHealthyEngineSaysSo() async throws {
        try await scene { scene in
            let findings = try await scene.engine.health()
            try scene.expect(!findings.isEmpty, "an engine looks at itself")
            let failures = findings.filter { $0.level == .failure }.map { "\($0.name): \($0.detail)" }
            try scene.expect(failures, is: [], "failures of a working engine")
            try scene.expect(!scene.engine.location.isEmpty, "an engine tells where it is")
            try scene.expect(!scene.engine.location.contains("\n"), "its location is one line")
        }
    }
}
