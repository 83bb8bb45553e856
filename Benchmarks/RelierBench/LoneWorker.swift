import Foundation
import Relier

/// A worker without bodies: what an engine does for one, step by step.
struct LoneWorker {
    let engine: any Engine
    let incarnation = Incarnation.next()
    private var claims: Int64 = 0

    init(on engine: any Engine, kinds: [TaskKind]) async throws {
        self.engine = engine
        let info = WorkerInfo(
            incarnation: incarnation, process: .next(), name: "bench", host: "localhost", pid: ProcessInfo.processInfo.processIdentifier,
            queues: [.default], concurrency: 1000, kinds: kinds, lease: .seconds(3600))
        _ = try await engine.join(info)
    }

    mutating func claim(_ limit: Int) async throws -> [ClaimedTask] {
        claims += 1
        let request = ClaimRequest(
            incarnation: incarnation, number: claims, shares: [QueueShare(queue: .default, slots: limit)], limit: limit)
        let claimed = try await engine.claim(request)
        guard claimed.count == limit else { throw BenchFailure("\(claimed.count) of \(limit) tasks could be claimed") }
        return claimed
    }

    func commit(_ claimed: [ClaimedTask]) async throws {
        let replies = try await engine.settle(
            claimed.map { Settlement(task: $0.envelope.id, fence: $0.fence, outcome: .commit(result: Data("1".utf8))) })
        guard replies.allSatisfy({ $0 == .done }) else { throw BenchFailure("a commit was refused") }
    }

    func leave() async throws { try await engine.leave(incarnation) }
}
