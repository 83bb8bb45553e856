import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func releaseDeadLetter(_ id: TaskID, fresh: Bool) async throws(EngineError) {
        try await ready()
        let key = try await inspect(id)?.key
        let reply = try await server.run(Scripts.releaseLetter) { call in
            call.append(id)
            call.append(fresh ? "1" : "")
            call.append(TaskID.next())
        }
        guard var buffer = reply.buffer, let letter = buffer.readInteger(as: UInt8.self) else { return }
        if letter == UInt8(ascii: "b") {
            throw EngineError(
                .conflict, "the body of \(id) still runs in its worker and holds a key that it took by hand; wait until it has ended")
        }
        guard letter == UInt8(ascii: "k"), let owner = buffer.readID(TaskID.self) else {
            throw EngineError(.notFound, "no task \(id) is in the dead letter queue")
        }
        if owner == id {
            throw EngineError(
                .conflict, "the body of \(id) still runs in its worker and holds the key '\(key ?? "?")'; wait until it has ended")
        }
        throw EngineError(
            .conflict, "the idempotency key '\(key ?? "?")' of \(id) is held by the task \(owner) now; it was not released")
    }

    public func cancel(_ id: TaskID, terminate: Bool) async throws(EngineError) -> CancelReply {
        try await ready()
        let reply = try await server.run(Scripts.cancel) { call in
            call.append(id)
            call.append(terminate ? "1" : "")
        }
        switch reply.text {
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
        let reply = try await server.run(Scripts.pause, resends: true) { call in
            call.append(queue.name)
            call.append(isPaused ? "1" : "")
        }
        guard let names = reply.elements else { return }
        let known = names.prefix(20).map { "'\($0.text)'" }
        let choice = known.isEmpty ? "there are none yet" : "there are \(known.joined(separator: ", "))"
        throw EngineError(.notFound, "no queue '\(queue.name)' is known, since nobody has pushed into it or served it; \(choice)")
    }

    public func admission() async throws(EngineError) -> AdmissionStatus {
        try await ready()
        let parts = try await server.run(Scripts.admission, resends: true) { $0.append("") }.list
        guard parts.count == 6 else { throw EngineError(.failed, "the server's answer about admission cannot be read") }
        var window: AdmissionStatus.Window?
        if let admitted = parts[0].number, let limit = parts[1].number, let length = parts[2].number, let left = parts[3].number {
            window = AdmissionStatus.Window(
                admitted: Int(admitted), limit: Int(limit), length: .microseconds(length), left: .microseconds(max(1, left)))
        }
        return AdmissionStatus(
            window: window, backlog: parts[4].integer ?? 0, oldestAge: parts[5].number.map { .microseconds($0) })
    }

    public func resetAdmission() async throws(EngineError) {
        try await ready()
        _ = try await server.run(Scripts.admission, resends: true) { $0.append("1") }
    }

    public func suspectsWaiting() async throws(EngineError) -> Int {
        try await ready()
        return try await server.run(Scripts.suspectsWaiting, resends: true).integer ?? 0
    }

    public func queues() async throws(EngineError) -> [QueueSummary] {
        try await ready()
        let rows = try await server.run(Scripts.queues, resends: true).list
        return rows.compactMap { row -> QueueSummary? in
            let parts = row.list
            guard parts.count == 11 else { return nil }
            func count(_ index: Int) -> Int { parts[index].integer ?? 0 }
            return QueueSummary(
                queue: Queue(parts[0].text), queued: count(1), recovered: count(2), scheduled: count(3), running: count(4),
                parked: count(5), suspects: count(6), waiting: count(7) + count(8), limited: count(8),
                oldest: parts[9].number.map { EngineTime(microseconds: $0) },
                pausedAt: parts[10].number.map { EngineTime(microseconds: $0) })
        }.sorted { $0.queue.name < $1.queue.name }
    }

    public func workers() async throws(EngineError) -> [WorkerSummary] {
        let decoder = JSONDecoder()
        return try await members().compactMap { member in
            guard let info = try? decoder.decode(WorkerInfo.self, from: member.words) else { return nil }
            return WorkerSummary(
                info: info, joinedAt: EngineTime(microseconds: member.joined), running: member.running, stuck: member.stuck,
                order: member.order)
        }
    }

    struct Member {
        let incarnation: Incarnation
        let words: Data
        let joined: Int64
        let lease: Int64
        let counter: UInt64
        let stuck: Int
        let order: WorkerOrder?
        let running: Int
    }

    func members() async throws(EngineError) -> [Member] {
        try await ready()
        return try await server.run(Scripts.members, resends: true).list.compactMap { row -> Member? in
            let parts = row.list
            guard parts.count == 8, var id = parts[0].buffer, let incarnation = id.readID(Incarnation.self) else { return nil }
            return Member(
                incarnation: incarnation, words: parts[1].buffer?.data ?? Data(), joined: parts[2].number ?? 0,
                lease: parts[3].number ?? 0, counter: UInt64(parts[4].number ?? 0), stuck: parts[5].integer ?? 0,
                order: WorkerOrder(rawValue: parts[6].text), running: parts[7].integer ?? 0)
        }
    }
}
