import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func inspect(_ id: TaskID) async throws(EngineError) -> TaskDetails? {
        try await ready()
        return try await partitions.inspect(id)?.details
    }
}

/// The answer of `inspect.lua`.
struct InspectReply {
    private let now: Int64
    private let letter: String
    private let parts: [RESPValue]
    private let labels: [Int: IncarnationLabel]

    init?(_ parts: [RESPValue]) {
        guard parts.count == 13 else { return nil }
        now = parts[0].number ?? 0
        letter = parts[1].text
        self.parts = parts
        let list = parts[12].list
        var labels: [Int: IncarnationLabel] = [:]
        for index in stride(from: 0, to: list.count - 2, by: 3) {
            if let number = list[index].integer { labels[number] = IncarnationLabel(list[index + 1], crash: list[index + 2]) }
        }
        self.labels = labels
    }

    func details(of id: TaskID) -> TaskDetails? {
        guard let text = parts[2].buffer else { return nil }
        return letter == "r" ? ended(id, text) : standing(id, text)
    }

    private var queue: Queue { Queue(parts[9].isEmptyText ? "?" : parts[9].text) }
    private var kind: KindName { KindName(parts[10].buffer) }
    private var history: [AttemptRecord] { History.read(parts[3].buffer, labels: labels) }

    private func decoded(_ json: Data?) -> JSONValue? { json.flatMap { try? CanonicalJSON.decode(JSONValue.self, from: $0) } }

    private func standing(_ id: TaskID, _ text: ByteBuffer) -> TaskDetails? {
        guard let stored = TaskString(text) else { return nil }
        let head = stored.head
        let state = TaskState(number: head.state)
        let label = head.holder == 0 ? nil : labels[head.holder]
        var details = TaskDetails(
            summary: TaskSummary(
                id: id, name: kind.name, version: kind.version, queue: queue, state: state, attempt: head.failures + 1,
                resurrections: head.resurrections, enqueuedAt: head.enqueued, worker: label?.worker),
            payload: decoded(stored.tail.payload), due: state == .scheduled ? EngineTime(microseconds: head.due) : nil,
            key: stored.operation == nil ? nil : stored.tail.key, checkpointBytes: checkpointBytes,
            progress: TaskProgress(parts[6].buffer), result: nil, reason: nil, message: nil, history: history,
            signedBy: stored.tail.signature?.keyID)
        if state == .running, let label {
            details.history.append(
                AttemptRecord(
                    incarnation: label.incarnation, worker: label.worker, fence: head.fence.number, start: head.started, end: nil,
                    outcome: "running"))
        }
        if letter == "d" {
            let letter = DeadLetter(parts[4].buffer ?? ByteBuffer())
            details.summary.attempt = letter.attempts
            details.reason = letter.reason
            details.message = letter.message
        } else {
            hinder(&details, head, payload: stored.tail.payload)
        }
        return details
    }

    private func ended(_ id: TaskID, _ text: ByteBuffer) -> TaskDetails? {
        guard let record = EndedRecord(text) else { return nil }
        var history = history
        if record.holder != 0 {
            let label = labels[record.holder] ?? .missing
            history.append(
                AttemptRecord(
                    incarnation: label.incarnation, worker: label.worker, fence: record.fence, start: record.started,
                    end: record.ended, outcome: record.state.rawValue))
        }
        return TaskDetails(
            summary: TaskSummary(
                id: id, name: kind.name, version: kind.version, queue: queue, state: record.state, attempt: record.failures + 1,
                resurrections: record.resurrections, enqueuedAt: record.enqueued, worker: nil),
            payload: nil, due: nil, key: nil, checkpointBytes: nil, result: decoded(record.result(at: now)), reason: nil, message: nil,
            history: history)
    }

    /// The first nine bytes of what is stored, and its size.
    private var checkpointBytes: Int? {
        guard var buffer = parts[5].buffer, buffer.readableBytes > 8 else { return nil }
        let size = buffer.readableBytes - 8
        guard var start = buffer.readSlice(length: size), let letter = start.readInteger(as: UInt8.self) else { return nil }
        if letter == UInt8(ascii: "f") { return start.readInteger(as: Int64.self).map { Int($0) } }
        return buffer.readInteger(as: Int64.self).map { Int($0) - 1 }
    }

    /// What holds it back, for people.
    private func hinder(_ details: inout TaskDetails, _ head: TaskHead, payload: Data) {
        switch head.state {
        case 4: details.summary.waitsFor = "the key '\(parts[7].text)', which another task holds"
        case 8:
            details.summary.waitsFor = limit(payload: payload)
            if let due = parts[8].number { details.due = EngineTime(microseconds: due) }
        case 0, 5:
            if !parts[11].isEmptyText { details.summary.waitsFor = "the queue '\(details.summary.queue.name)' to be resumed" }
        default: break
        }
    }

    /// Such as `a limit of 2 at once per customerID: "c-7"`. Kind 1 · maximum 8 · span 8 · declared 1 · length 2 · name · arguments.
    private func limit(payload: Data) -> String? {
        guard var buffer = parts[7].buffer, let kind = buffer.readInteger(as: UInt8.self).flatMap({ LimitRule.Kind(rawValue: Int($0)) }),
            let maximum = buffer.readInteger(as: Int64.self), let span = buffer.readInteger(as: Int64.self),
            buffer.readInteger(as: UInt8.self) != nil, let length = buffer.readInteger(as: UInt16.self),
            let task = buffer.readText(Int(length))
        else { return nil }
        let rule = LimitRule(
            task: task, kind: kind, arguments: (try? JSONDecoder().decode([String].self, from: buffer.data)) ?? [],
            maximum: Int(maximum), window: span == 0 ? nil : .microseconds(span))
        let text = "a limit of \(rule.phrase)"
        if rule.arguments.isEmpty { return text }
        let members = CanonicalMembers(payload)
        let values = rule.arguments.map { String(decoding: members?.value(of: $0) ?? CanonicalMembers.null, as: UTF8.self) }
        return "\(text): \(values.joined(separator: ", "))"
    }
}
