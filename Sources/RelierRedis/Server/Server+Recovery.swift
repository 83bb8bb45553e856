import Foundation
import NIOCore
import RESP
import Relier

extension Server {
    func join(_ worker: WorkerInfo, words: String) async throws(EngineError) {
        _ = try await run(
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
    }

    func leave(_ incarnation: Incarnation) async throws(EngineError) {
        _ = try await run(Scripts.leave, resends: true) { $0.append(incarnation) }
    }

    /// What to release, as `release.lua` knows it.
    enum Doomed: Sendable {
        case incarnation(Incarnation, counter: UInt64)
        /// Without a look at its counter.
        case dead(Incarnation)
        case process(TaskID)
    }

    /// - Parameters:
    ///   - batch: 0 forgets those that hold nothing.
    ///   - depth: how many recovered tasks may wait in this partition.
    ///   - limits: what becomes of the tasks, with what is left to this partition of `maxLoneTasks`.
    /// - Returns: the report, and whether the incarnation lives.
    func release(
        _ doomed: Doomed, death: Death, limits: ReleaseLimits, batch: Int, depth: Int
    ) async throws(EngineError) -> (ReleaseReport, lives: Bool) {
        let reply = try await run(Scripts.release) { call in
            switch doomed {
            case .incarnation(let incarnation, let counter):
                call.append("i")
                call.append(incarnation)
                call.append(String(counter))
            case .dead(let incarnation):
                call.append("f")
                call.append(incarnation)
                call.append("")
            case .process(let process):
                call.append("p")
                call.append(process)
                call.append("")
            }
            call.append(death.label)
            call.append(death.wasObserved ? 1 : 2)
            call.append(batch)
            call.append(depth)
            call.append(max(1, limits.maxResurrections))
            call.append(max(1, limits.maxLosses))
            call.append(Losses.firstAlone)
            call.append(Int(Microseconds.clamped(Losses.memory)))
            call.append(max(0, limits.maxLoneTasks))
            call.append((0..<16).map { Fate.of(death, Fate.Case(number: $0)).digit }.joined())
        }
        let parts = reply.list
        guard parts.count == 7 else { throw EngineError(.failed, "the server's answer to a release cannot be read") }
        var report = ReleaseReport()
        report.requeued = parts[0].ids
        report.suspects = parts[1].ids
        report.quarantined = parts[2].ids
        report.handedBack = parts[3].ids
        report.remaining = parts[4].integer == 1
        report.throttled = parts[5].integer == 1
        return (report, parts[6].integer == 1)
    }

    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        let reply = try await run(Scripts.tend) { call in
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

extension Fate.Case {
    /// As `release.lua` numbers it.
    fileprivate init(number: Int) {
        self.init(ranAlone: number & 8 != 0, isRepeated: number & 4 != 0, isSpent: number & 2 != 0, isCrowded: number & 1 != 0)
    }
}

extension Fate {
    /// As `release.lua` knows it.
    fileprivate var digit: String {
        switch self {
        case .handBack: "1"
        case .requeue: "2"
        case .suspect: "3"
        case .quarantine(let reason): reason == "WorkerCrash" ? "4" : "5"
        }
    }
}
