import Foundation
import RESP
public import Relier

extension RedisEngine {
    public func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder {
        if worker.lease <= .zero {
            throw EngineError(.failed, "the lease of \(worker.name) is \(worker.lease); it must be more than zero")
        }
        try await ready()
        let line = try leases.partitions(like: partitions)
        try await partitions.join(worker)
        return RedisLeaseHolder(worker.incarnation, lease: worker.lease, partitions: line.0, thread: line.1)
    }

    public func leave(_ incarnation: Incarnation) async throws(EngineError) { try await partitions.leave(incarnation) }

    public func leases() async throws(EngineError) -> [LeaseSighting] {
        try await ready()
        return try await partitions.leases()
    }

    public func release(
        _ target: ReleaseTarget, death: Death, limits: ReleaseLimits
    ) async throws(EngineError) -> ReleaseReport {
        // On Redis nobody sees that a holder is gone but by its counter.
        if case .incarnation(_, counter: nil) = target { return ReleaseReport() }
        try await ready()
        return try await partitions.release(target, death: death, limits: limits)
    }

    public func attachCrashReport(_ report: CrashReport) async throws(EngineError) {
        try await ready()
        let words: Data
        do {
            words = try JSONEncoder().encode(report)
        } catch {
            throw EngineError(.failed, "the crash report of \(report.process) cannot be written: \(error)", cause: error)
        }
        _ = try await partitions.everywhere { (server) throws(EngineError) in
            _ = try await server.run(Scripts.crashReport, reserving: words.count, resends: true) { call in
                call.append(report.process)
                words.withUnsafeBytes { call.append($0) }
            }
        }
    }

    public func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        try await ready()
        return try await partitions.tend(batch: batch, unregisteredAfter: unregisteredAfter)
    }
}
