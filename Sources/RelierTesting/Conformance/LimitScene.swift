import Foundation
import Relier
import Synchronization

extension LimitRule {
    /// Limits of the task `work` for the checks.
    static func perKey(_ maximum: Int) -> LimitRule {
        LimitRule(task: "work", kind: .keyConcurrency, arguments: ["k"], maximum: maximum)
    }
    static func inAll(_ maximum: Int) -> LimitRule { LimitRule(task: "work", kind: .taskConcurrency, maximum: maximum) }
    static func rate(_ maximum: Int, every window: Duration) -> LimitRule {
        LimitRule(task: "work", kind: .keyRate, arguments: ["k"], maximum: maximum, window: window)
    }
    static func rateInAll(_ maximum: Int, every window: Duration) -> LimitRule {
        LimitRule(task: "work", kind: .taskRate, maximum: maximum, window: window)
    }
}

extension Scene {
    /// A task of that key under these limits.
    func limited(
        _ key: String, _ rules: [LimitRule], queue: Queue = .default, due: Due = .now, version: Int = 1, idempotencyKey: String? = nil
    )
        -> NewTask
    {
        var new = task(version: version, payload: #"{"k":"\#(key)"}"#, queue: queue, due: due, key: idempotencyKey)
        new.limits = rules.map { LimitKey($0, key: $0.arguments.isEmpty ? "" : key) }.sorted { $0.rule.kind < $1.rule.kind }
        return new
    }

    func limited(_ key: String, _ rule: LimitRule) -> NewTask { limited(key, [rule]) }

    /// A worker whose version of `work` declares these limits.
    func join(
        limits: [LimitRule], queues: [Queue] = [.default], version: Int = 1, process: TaskID = .next(), on engine: (any Engine)? = nil,
        isolated: Bool = false
    ) async throws -> PuppetWorker {
        try await join(
            [TaskKind(name: "work", version: version, limits: limits)], queues: queues, process: process, on: engine, isolated: isolated)
    }
}

extension ClaimedTask {
    /// The key that ``Scene/limited(_:_:queue:due:version:idempotencyKey:)`` gave it.
    var limitKey: String { String(decoding: envelope.payload, as: UTF8.self) }
}

/// What concurrent workers have under way, by key.
final class LimitBook: Sendable {
    private let running = Mutex<[String: Int]>([:])
    private let finished = Mutex<Set<TaskID>>([])

    /// Answers how many of the key run, this one included.
    func starts(_ key: String) -> Int {
        running.withLock { running in
            running[key, default: 0] += 1
            return running[key, default: 0]
        }
    }

    func stops(_ key: String) { running.withLock { $0[key, default: 0] -= 1 } }
    func ends(_ id: TaskID) { finished.withLock { _ = $0.insert(id) } }
    var ended: Set<TaskID> { finished.withLock { $0 } }
}
