import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder {
        if worker.lease <= .zero {
            throw EngineError(.failed, "the lease of \(worker.name) is \(worker.lease); it must be more than zero")
        }
        try await ready()
        let line = try leases.server(like: server)
        let words: String
        do {
            words = String(decoding: try JSONEncoder().encode(worker), as: UTF8.self)
        } catch {
            throw EngineError(.failed, "what the worker \(worker.name) says of itself cannot be written: \(error)", cause: error)
        }
        _ = try await server.run(
            Scripts.join, reserving: words.utf8.count + 1024,
            refusal: Refusal { word, label in
                guard word == "CONFLICT" else { return nil }
                return EngineError(
                    .conflict, "the incarnation \(worker.incarnation) has joined before, as '\(label)'; join with a fresh one")
            }
        ) { call in
            call.append(worker.incarnation)
            call.append(worker.process)
            call.append(worker.name)
            call.append(words)
            call.append(Int(Microseconds.clamped(worker.lease)))
            call.append(worker.queues.contains(.requeue) ? "1" : "")
            call.append(worker.isolated ? "1" : "")
            let queues = worker.queues.filter { $0 != .requeue }
            call.append(queues.count)
            for queue in queues { call.append(queue.name) }
            call.append(worker.kinds.count)
            for kind in worker.kinds {
                call.append(kind.name)
                call.append(kind.version)
                call.append(kind.limits.count)
                for rule in kind.limits {
                    call.append(rule.kind.rawValue)
                    call.append(Int(rule.storedMaximum))
                    call.append(Int(rule.storedSpan))
                    call.append(rule.storedArguments)
                }
            }
        }
        return RedisLeaseHolder(worker.incarnation, lease: worker.lease, server: line.0, thread: line.1)
    }

    public func leave(_ incarnation: Incarnation) async throws(EngineError) {
        _ = try await server.run(Scripts.leave, resends: true) { $0.append(incarnation) }
    }

    public func leases() async throws(EngineError) -> [LeaseSighting] {
        try await members().map { member in
            LeaseSighting(
                incarnation: member.incarnation, counter: member.counter, lease: .microseconds(member.lease), holderGone: false)
        }
    }

    public func release(
        _ target: ReleaseTarget, death: Death, limits: ReleaseLimits
    ) async throws(EngineError) -> ReleaseReport {
        // On Redis nobody sees that a holder is gone but by its counter.
        if case .incarnation(_, counter: nil) = target { return ReleaseReport() }
        try await ready()
        let most = max(0, limits.maxResurrections)
        let reply = try await server.run(Scripts.release) { call in
            switch target {
            case .incarnation(let incarnation, let counter):
                call.append("i")
                call.append(incarnation)
                call.append(counter.map { String($0) } ?? "")
            case .process(let process):
                call.append("p")
                call.append(process)
                call.append("")
            }
            call.append(death.label)
            call.append(death.wasObserved ? 1 : 2)
            call.append(most)
            call.append(max(1, limits.batch))
            call.append(max(1, limits.maxRequeueDepth))
            for isUsedUp in [false, true] {
                for ranAlone in [false, true] {
                    // A count below what is allowed stands for all of them; where none is allowed no task has one.
                    let count = isUsedUp ? most : max(0, most - 1)
                    let fate = Fate.of(
                        resurrections: count, ranAlone: ranAlone, death: death, maxResurrections: isUsedUp ? most : count + 1)
                    call.append(fate.number)
                }
            }
        }
        let parts = reply.list
        guard parts.count == 6 else { throw EngineError(.failed, "the server's answer to a release cannot be read") }
        var report = ReleaseReport()
        report.requeued = parts[0].ids
        report.suspects = parts[1].ids
        report.quarantined = parts[2].ids
        report.handedBack = parts[3].ids
        report.remaining = parts[4].integer == 1
        report.throttled = parts[5].integer == 1
        return report
    }

    public func attachCrashReport(_ report: CrashReport) async throws(EngineError) {
        try await ready()
        let words: Data
        do {
            words = try JSONEncoder().encode(report)
        } catch {
            throw EngineError(.failed, "the crash report of \(report.process) cannot be written: \(error)", cause: error)
        }
        _ = try await server.run(Scripts.crashReport, reserving: words.count, resends: true) { call in
            call.append(report.process)
            words.withUnsafeBytes { call.append($0) }
        }
    }

    public func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        try await ready()
        let reply = try await server.run(Scripts.tend) { call in
            call.append(max(1, batch))
            call.append(unregisteredAfter.map { String(Microseconds.clamped($0)) } ?? "")
            call.append(unregisteredAfter.map { "\($0)" } ?? "")
        }
        let parts = reply.list
        guard parts.count == 6 else { throw EngineError(.failed, "the server's answer to the housekeeping cannot be read") }
        var report = TendReport()
        report.promoted = parts[0].integer ?? 0
        report.unregistered = parts[1].integer ?? 0
        report.foreign = parts[2].integer ?? 0
        report.expired = parts[3].integer ?? 0
        report.remaining = parts[4].integer == 1
        report.nextDue = parts[5].number.map { EngineTime(microseconds: $0) }
        return report
    }
}

extension Fate {
    /// As `release.lua` knows it.
    fileprivate var number: Int {
        switch self {
        case .handBack: 1
        case .requeue: 2
        case .suspect: 3
        case .quarantine(let reason): reason == "WorkerCrash" ? 4 : 5
        }
    }
}
