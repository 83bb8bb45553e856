import Foundation
import Relier

extension EngineConformance {
    static let limitChecks: [Check] = [
        Check("aKeyRunsNoMoreThanItsLimit") { try await $0.aKeyRunsNoMoreThanItsLimit() },
        Check("otherKeysPass") { try await $0.otherKeysPass() },
        Check("aKeyKeepsItsOrder") { try await $0.aKeyKeepsItsOrder() },
        Check("eightWorkersTogetherKeepTheLimit") { try await $0.eightWorkersTogetherKeepTheLimit() },
        Check("twoLimitsHoldTogether") { try await $0.twoLimitsHoldTogether() },
        Check("aFreedSlotWakesAWorker") { try await $0.aFreedSlotWakesAWorker() },
        Check("whatALimitHoldsBackIsSeen") { try await $0.whatALimitHoldsBackIsSeen() },
    ]

    /// Of each key no more run than are allowed; the rest waits, and goes on one for one.
    public func aKeyRunsNoMoreThanItsLimit() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let a = try await scene.join(limits: [rule])
            let b = try await scene.join(limits: [rule], on: scene.other)
            let ids = try await scene.accept((0..<6).map { _ in scene.limited("x", rule) })
            var running = try await a.claim(1) + (try await b.claim(10)) + (try await a.claim(10))
            try scene.expect(running.map(\.id), is: Array(ids[..<2]), "tasks of one key claimed by two workers")
            for next in 2..<6 {
                try await (next.isMultiple(of: 2) ? a : b).commit(running.removeFirst())
                let claimed = try await (next.isMultiple(of: 2) ? b : a).claim()
                try scene.expect(claimed.map(\.id), is: [ids[next]], "tasks claimed after one had ended")
                running += claimed
            }
        }
    }

    /// A flood of one key holds up no other key, and no claim is the slower for it.
    public func otherKeysPass() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let worker = try await scene.join(limits: [rule])
            try await scene.accept((0..<10_000).map { _ in scene.limited("flood", rule) })
            let id = try await scene.accept(scene.limited("other", rule))
            let claimed = try await scene.promptly("a claim past 10,000 tasks of one key") { try await worker.claim(100) }
            try scene.expect(claimed.count, is: 3, "tasks claimed: two of the flood and the other")
            try scene.expect(claimed.last?.id, is: id, "the other key's task")
            let start = ContinuousClock.now
            for _ in 0..<20 { try scene.expect(try await worker.claim(100).count, is: 0, "tasks claimed while the key is full") }
            try scene.expectPrompt("twenty claims that find nothing but a full key", since: start)
        }
    }

    /// Within a key the order is that of the pushes, also for one that comes back.
    public func aKeyKeepsItsOrder() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let worker = try await scene.join(limits: [rule])
            let ids = try await scene.accept((0..<8).map { _ in scene.limited("x", rule) })
            var order: [TaskID] = []
            var hasRetried = false
            while let task = try await worker.claim().first {
                order.append(task.id)
                if task.id == ids[2] && !hasRetried {
                    hasRetried = true
                    try await worker.retry(task)
                } else {
                    try await worker.commit(task)
                }
            }
            try scene.expect(order, is: Array(ids[..<3]) + Array(ids[2...]), "order of a key's tasks, the third one twice")
        }
    }

    /// Workers on two handles claim and end at once: nobody ever sees more of a key than are allowed, and all tasks run.
    public func eightWorkersTogetherKeepTheLimit() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let keys = 7
            let ids = try await scene.accept((0..<280).map { scene.limited("\($0 % keys)", rule) })
            var workers: [PuppetWorker] = []
            for index in 0..<8 {
                workers.append(try await scene.join(limits: [rule], on: index.isMultiple(of: 2) ? scene.engine : scene.other))
            }
            let book = LimitBook()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, worker) in workers.enumerated() {
                    group.addTask {
                        var random = SplitMix64(state: UInt64(index))
                        while book.ended.count < ids.count {
                            let tasks = try await worker.claim(Int.random(in: 1...4, using: &random))
                            for task in tasks {
                                let count = book.starts(task.limitKey)
                                try scene.expect(count <= 2, "at most two of a key run; \(count) of \(task.limitKey) do")
                            }
                            for task in tasks {
                                // Noted before the engine knows, so that no later claim can come before it.
                                book.stops(task.limitKey)
                                if Int.random(in: 0..<4, using: &random) == 0 {
                                    try await worker.end(task, .handBack)
                                } else {
                                    try await worker.commit(task)
                                    book.ends(task.id)
                                }
                            }
                            if tasks.isEmpty {
                                await worker.engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(50))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try scene.expect(book.ended == Set(ids), "all tasks have ended")
        }
    }

    /// A limit for each key and one for all: neither is exceeded, and a key that is full takes nothing from the others.
    public func twoLimitsHoldTogether() async throws {
        try await scene { scene in
            let rules = [LimitRule.perKey(2), .inAll(3)]
            let worker = try await scene.join(limits: rules)
            try await scene.accept((0..<50).map { _ in scene.limited("a", rules) })
            try await scene.accept((0..<4).map { _ in scene.limited("b", rules) } + [scene.limited("c", rules)])
            var running = try await worker.claim()
            try scene.expect(running.map(\.limitKey), is: ["a", "a", "b"].map { #"{"k":"\#($0)"}"# }, "keys of the tasks claimed")
            // With a's slots ended one by one the next of a waits behind those that came to the common limit before it.
            var seen: [String: Int] = [:]
            for _ in 0..<55 {
                try scene.expect(running.count <= 3, "no more than three run")
                let counts = Dictionary(grouping: running, by: \.limitKey).mapValues(\.count)
                try scene.expect(counts.values.allSatisfy { $0 <= 2 }, "no more than two of a key run: \(counts)")
                guard !running.isEmpty else { break }
                let ended = running.removeFirst()
                seen[ended.limitKey, default: 0] += 1
                try await worker.commit(ended)
                running += try await worker.claim()
            }
            try scene.expect(seen, is: [#"{"k":"a"}"#: 50, #"{"k":"b"}"#: 4, #"{"k":"c"}"#: 1], "tasks that ended, by key")
        }
    }

    /// A worker that waits is woken by the slot that another handle frees.
    public func aFreedSlotWakesAWorker() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(1)
            let busy = try await scene.join(limits: [rule], on: scene.other)
            let idle = try await scene.join(limits: [rule])
            for round in 0..<10 {
                let first = try await scene.start(scene.limited("x", rule), on: busy)
                let second = try await scene.accept(scene.limited("x", rule))
                try scene.expect(try await idle.claim().count, is: 0, "tasks claimed while the key is full")
                async let wait: Void = scene.engine.awaitWork(idle.incarnation, queues: [.default], timeout: .seconds(60))
                try await Task.sleep(for: .milliseconds(round * 5))
                try await busy.commit(first)
                let start = ContinuousClock.now
                await wait
                try scene.expectPrompt("an idle worker wakes when a slot is freed", since: start)
                try await idle.commit(try await idle.claim(second))
            }
        }
    }

    /// Tasks at a limit are listed as waiting, counted, and say what they wait for.
    public func whatALimitHoldsBackIsSeen() async throws {
        try await scene { scene in
            let rule = LimitRule.perKey(2)
            let worker = try await scene.join(limits: [rule])
            let ids = try await scene.accept((0..<5).map { _ in scene.limited("c-7", rule) })
            _ = try await worker.claim()
            try await scene.expectState(.waiting, of: ids[4], "that a limit holds back")
            let listed = try await scene.other.tasks(TaskQuery(state: .waiting)).items
            try scene.expect(listed.map(\.id), is: Array(ids[2...]), "waiting tasks listed")
            for text in [listed.first?.waitsFor, try await scene.details(of: ids[4]).summary.waitsFor] {
                let text = try scene.unwrap(text, "what the task waits for")
                try scene.expect(text.contains("2 at once per k") && text.contains("c-7"), "it names limit and key; it says '\(text)'")
            }
            try scene.expect(try await scene.details(of: ids[0]).summary.waitsFor, is: nil, "what a running task waits for")
            let queue = try await scene.engine.queues().first { $0.queue == .default }
            try scene.expect(queue.map { [$0.waiting, $0.limited, $0.running, $0.queued] }, is: [3, 3, 2, 0], "depths")
        }
    }
}
