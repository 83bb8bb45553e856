import Foundation
import Relier

extension EngineConformance {
    static let keyChecks: [Check] = [
        Check("aKeyIsTakenByOneTask") { try await $0.aKeyIsTakenByOneTask() },
        Check("ofManyTakersOneGetsTheKey") { try await $0.ofManyTakersOneGetsTheKey() },
        Check("aCompletedKeyAnswersWithItsValue") { try await $0.aCompletedKeyAnswersWithItsValue() },
        Check("aCompletedKeyExpiresByTheEngineClock") { try await $0.aCompletedKeyExpiresByTheEngineClock() },
        Check("aFreedKeyIsFree") { try await $0.aFreedKeyIsFree() },
        Check("aTaskEntersItsOwnClaimAgain") { try await $0.aTaskEntersItsOwnClaimAgain() },
        Check("aKeyEndsWithItsOwner") { try await $0.aKeyEndsWithItsOwner() },
        Check("aCompletedKeyOutlivesItsOwner") { try await $0.aCompletedKeyOutlivesItsOwner() },
        Check("onlyTheHolderSettlesAKey") { try await $0.onlyTheHolderSettlesAKey() },
        Check("keysAreIndependent") { try await $0.keysAreIndependent() },
    ]

    /// The taker is told that it has the key, also when it asks again; another live task is told who has it.
    public func aKeyIsTakenByOneTask() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let other = try await scene.join(on: scene.other)
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: other)
            try scene.expect(try await worker.acquire("k", for: first), is: .acquired, "taking a free key")
            try scene.expect(try await worker.acquire("k", for: first), is: .acquired, "taking it again")
            try scene.expect(try await other.acquire("k", for: second), is: .held(by: first.id), "taking a held key")
        }
    }

    /// Of 100 tasks that take one key at once, one has it, and all others name that one.
    public func ofManyTakersOneGetsTheKey() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept((0..<100).map { _ in scene.task() })
            let tasks = try await worker.claim(100)
            let answers = try await withThrowingTaskGroup(of: (TaskID, KeyAnswer).self) { group in
                for (index, task) in tasks.enumerated() {
                    group.addTask {
                        let engine = index.isMultiple(of: 2) ? scene.engine : scene.other
                        return (task.id, try await engine.acquireKey("k", for: task.id, fence: task.fence))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let winners = answers.filter { $0.1 == .acquired }.map(\.0)
            try scene.expect(winners.count, is: 1, "tasks that got the key")
            try scene.expect(answers.filter { $0.1 == .held(by: winners[0]) }.count, is: 99, "tasks that were told who has it")
        }
    }

    /// Completed with a value, or without one, a key answers so to everybody, also to its own task.
    public func aCompletedKeyAnswersWithItsValue() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            let values: [Data?] = [Data(#"{"id":"INV-1"}"#.utf8), nil, Data()]
            for (index, value) in values.enumerated() {
                let key = "k\(index)"
                _ = try await worker.acquire(key, for: first)
                try await worker.settle(key, for: first, KeyValue(value: value, ttl: .hours(1)))
                try scene.expect(try await worker.acquire(key, for: second), is: .completed(value), "taking a completed key")
                try scene.expect(try await worker.acquire(key, for: first), is: .completed(value), "its own task taking a completed key")
            }
        }
    }

    /// A completed key answers for its time to live, counted from its completion on the engine's clock, and is free after that.
    public func aCompletedKeyExpiresByTheEngineClock() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: first)
            try await scene.advance(.hours(5))
            try await worker.settle("k", for: first, KeyValue(value: Data("1".utf8), ttl: .hours(1)))
            try await scene.advance(.minutes(50))
            try await scene.tend()
            try scene.expect(try await worker.acquire("k", for: second), is: .completed(Data("1".utf8)), "taking the key before its end")
            try await scene.advance(.minutes(11))
            try scene.expect(try await worker.acquire("k", for: second), is: .acquired, "taking the key after its end")
            try scene.expect(try await worker.acquire("k", for: first), is: .held(by: second.id), "the first task taking it again")
        }
    }

    /// A key settled without a value record is free at once.
    public func aFreedKeyIsFree() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: first)
            try await worker.settle("k", for: first, nil)
            try scene.expect(try await worker.acquire("k", for: second), is: .acquired, "taking a freed key")
        }
    }

    /// A task keeps its key through resurrection, retry and hand-back, and enters it again under its new fence.
    public func aTaskEntersItsOwnClaimAgain() async throws {
        try await scene { scene in
            let id = try await scene.accept(scene.task())
            let bystander = try await scene.join()
            let stranger = try await scene.start(scene.task(queue: "elsewhere"), on: bystander)
            for way in ["first", "resurrected", "retried", "handed back"] {
                let worker = try await scene.join(on: scene.other)
                let task = try await worker.claim(id)
                try scene.expect(try await worker.acquire("k", for: task), is: .acquired, "the task taking its key when \(way)")
                switch way {
                case "first": try await scene.die(worker)
                case "resurrected": try await worker.retry(task)
                default: try await worker.end(task, .handBack)
                }
                try await scene.tend()
                try scene.expect(try await bystander.acquire("k", for: stranger), is: .held(by: id), "a stranger taking it after '\(way)'")
            }
            let worker = try await scene.join()
            let task = try await worker.claim(id)
            try await worker.settle("k", for: task, KeyValue(value: Data("4".utf8), ttl: .hours(1)))
            try scene.expect(
                try await bystander.acquire("k", for: stranger), is: .completed(Data("4".utf8)),
                "taking a key that was settled under a later fence than it was taken")
        }
    }

    /// An owner that has ended, well or not, without settling its key no longer holds it.
    public func aKeyEndsWithItsOwner() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let next = try await scene.start(scene.task(), on: worker)
            for ending in ["committed", "quarantined"] {
                let owner = try await scene.start(scene.task(), on: worker)
                _ = try await worker.acquire(ending, for: owner)
                if ending == "committed" { try await worker.commit(owner) } else { try await worker.quarantine(owner) }
                try scene.expect(try await worker.acquire(ending, for: next), is: .acquired, "taking a key whose owner was \(ending)")
            }
            let doomed = try await scene.join()
            let lost = try await scene.start(scene.task(), on: doomed)
            _ = try await doomed.acquire("lost", for: lost)
            try await scene.convict(doomed)
            try await scene.expectState(.quarantined, of: lost.id, "after its conviction")
            try scene.expect(try await worker.acquire("lost", for: next), is: .acquired, "taking a key whose owner was lost for good")
        }
    }

    /// What a task completed stays completed when the task fails later.
    public func aCompletedKeyOutlivesItsOwner() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let owner = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            try await worker.settle("k", for: owner, KeyValue(value: Data("1".utf8), ttl: .hours(1)))
            try await worker.quarantine(owner)
            let next = try await scene.start(scene.task(), on: worker)
            try scene.expect(
                try await worker.acquire("k", for: next), is: .completed(Data("1".utf8)), "taking the key after its owner failed")
        }
    }

    /// A task that does not hold a key cannot settle it.
    public func onlyTheHolderSettlesAKey() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let owner = try await scene.start(scene.task(), on: worker)
            let stranger = try await scene.start(scene.task(), on: worker)
            _ = try await worker.acquire("k", for: owner)
            for value in [KeyValue(value: Data("1".utf8), ttl: .hours(1)), nil] {
                try await scene.expectError(.fenced, "settling another task's key") { try await worker.settle("k", for: stranger, value) }
                try await scene.expectError(.fenced, "settling a key that nobody took") {
                    try await worker.settle("never taken", for: stranger, value)
                }
            }
            try scene.expect(try await worker.acquire("k", for: stranger), is: .held(by: owner.id), "who holds the key after that")
        }
    }

    /// A task may hold many keys; each has its own state. Keys are compared byte for byte.
    public func keysAreIndependent() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let first = try await scene.start(scene.task(), on: worker)
            let second = try await scene.start(scene.task(), on: worker)
            let keys = [
                "webhook:1", "Webhook:1", "webhook:1 ", "%", "' OR 1=1 --", "\u{e9}", "e\u{301}", String(repeating: "k", count: 512),
            ]
            for key in keys {
                try scene.expect(try await worker.acquire(key, for: first), is: .acquired, "taking the free key '\(key)'")
            }
            try await worker.settle("webhook:1", for: first, nil)
            try scene.expect(try await worker.acquire("webhook:1", for: second), is: .acquired, "taking the one key that was freed")
            for key in keys.dropFirst() {
                try scene.expect(try await worker.acquire(key, for: second), is: .held(by: first.id), "taking the held key '\(key)'")
            }
        }
    }
}
