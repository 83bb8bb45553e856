import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) {
        try await ready()
        let found = try await partitions.inspect(id)
        let key = found?.details.key
        let home = found?.partition ?? 0
        guard let blocked = try await partitions.releaseDeadLetter(id, key: key, in: home, fresh: fresh) else { return }
        switch blocked {
        case .absent: throw EngineError(.notFound, "no task \(id) is in the dead letter queue")
        case .hand:
            throw EngineError(
                .conflict, "the body of \(id) still runs in its worker and holds a key that it took by hand; wait until it has ended")
        case .key(id):
            throw EngineError(
                .conflict, "the body of \(id) still runs in its worker and holds the key '\(key ?? "?")'; wait until it has ended")
        case .key(let owner):
            throw EngineError(
                .conflict, "the idempotency key '\(key ?? "?")' of \(id) is held by the task \(owner) now; it was not released")
        }
    }

    public func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        try await ready()
        let replies = try await partitions.everywhere { (server) throws(EngineError) in
            try await server.run(Scripts.cancel) { call in
                call.append(id)
                call.append(terminate ? "1" : "")
            }.text
        }
        await partitions.deliverAll(from: replies.indices.filter { !replies[$0].isEmpty })
        switch replies.first(where: { !$0.isEmpty }) {
        case "c": return .cancelled
        case "r": return .afterThisRun
        case "d": throw EngineError(.conflict, "the task \(id) has committed; there is nothing to cancel")
        case "q":
            throw EngineError(.conflict, "the task \(id) is in the dead letter queue and will not run; release it there, or leave it")
        default: throw EngineError(.notFound, "no task \(id) is known, or no longer kept")
        }
    }

    public func order(_ order: WorkerOrder, to incarnation: Incarnation) async throws(EngineError) {
        try await ready()
        let reply = try await server.run(Scripts.order, resends: true) { call in
            call.append(incarnation)
            call.append(order.rawValue)
        }
        if reply.integer == 0 {
            throw EngineError(.notFound, "no worker \(incarnation) is joined; 'worker status' lists those that are")
        }
    }

    public func setPaused(_ isPaused: Bool, queue: Queue) async throws(EngineError) {
        guard queue != .requeue else {
            throw EngineError(
                .notFound, "'re-queue' is no queue of its own: recovered tasks belong to the queues they were pushed into; pause those")
        }
        try await ready()
        let replies = try await partitions.everywhere { (server) throws(EngineError) in
            try await server.setPaused(isPaused, queue: queue.name, isKnown: false)
        }
        let unaware = replies.indices.filter { replies[$0] != nil }
        if unaware.count < replies.count {
            // What comes into the queue there later is paused, too.
            for partition in unaware { _ = try await partitions.servers[partition].setPaused(isPaused, queue: queue.name, isKnown: true) }
            return
        }
        let names = Set(replies.compactMap { $0 }.joined()).sorted()
        let known = names.prefix(20).map { "'\($0)'" }
        let choice = known.isEmpty ? "there are none yet" : "there are \(known.joined(separator: ", "))"
        throw EngineError(.notFound, "no queue '\(queue.name)' is known, since nobody has pushed into it or served it; \(choice)")
    }

    public func admission() async throws(EngineError) -> AdmissionStatus {
        try await ready()
        let found = try await partitions.backlog()
        let parts = found.window
        var window: AdmissionStatus.Window?
        if let admitted = parts[0].number, let limit = parts[1].number, let length = parts[2].number, let left = parts[3].number {
            window = AdmissionStatus.Window(
                admitted: Int(admitted), limit: Int(limit), length: .microseconds(length), left: .microseconds(max(1, left)))
        }
        return AdmissionStatus(window: window, backlog: found.backlog, oldestAge: found.oldestAge)
    }

    public func resetAdmission() async throws(EngineError) {
        try await ready()
        _ = try await server.run(Scripts.admission, resends: true) { $0.append("1") }
    }

    public func suspectsWaiting(on host: String) async throws(EngineError) -> Int {
        try await ready()
        return try await partitions.suspects(on: host).claimable
    }

    public func queues() async throws(EngineError) -> [QueueSummary] {
        try await ready()
        let found = try await partitions.everywhere { (server) throws(EngineError) in try await server.queues() }
        return found.joined().reduce(into: [Queue: QueueSummary]()) { sums, summary in
            sums[summary.queue] = sums[summary.queue].map { $0.plus(summary) } ?? summary
        }.values.sorted { $0.queue.name < $1.queue.name }
    }

    public func workers() async throws(EngineError) -> [WorkerSummary] {
        let decoder = JSONDecoder()
        try await ready()
        return try await partitions.members().joined.compactMap { member in
            guard let info = try? decoder.decode(WorkerInfo.self, from: member.words) else { return nil }
            return WorkerSummary(
                info: info, joinedAt: EngineTime(microseconds: member.joined), running: member.running, stuck: member.stuck,
                order: member.order)
        }
    }
}
