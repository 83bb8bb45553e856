import Foundation
import NIOCore
import RESP
import Relier

/// The arguments of `push.lua`.
struct PushCall: Sendable {
    /// The answer to one task.
    enum Answer: Equatable {
        case outcome(PushOutcome)
        /// Its key belongs to a task in another partition, which has to be asked.
        case elsewhere
        /// The reservation of its key was taken over meanwhile.
        case lost
    }

    /// What the tasks are pushed for.
    enum Purpose {
        case store
        /// Nothing is stored: what is new is answered as rejected.
        case look
    }

    private var queues = Numbering<Queue>()
    private var kinds = Numbering<KindName>()
    private var limiters = Numbering<LimitRule>()
    private var parents: [TaskID] = []
    private var parentBytes = ByteWriter()
    private var parentNumbers: [TaskID: Int] = [:]
    private let tasks: [NewTask]
    private let policy: AdmissionPolicy?
    private let tick: ScheduleTick?
    private let purpose: Purpose
    /// By the places of the tasks.
    private let reservations: [Int: KeyReservation]

    init(
        _ tasks: [NewTask], policy: AdmissionPolicy? = nil, tick: ScheduleTick? = nil, purpose: Purpose = .store,
        reservations: [Int: KeyReservation] = [:]
    ) {
        self.tasks = tasks
        self.policy = policy
        self.tick = tick
        self.purpose = purpose
        self.reservations = reservations
        for task in tasks {
            queues.note(task.queue)
            kinds.note(KindName(name: task.envelope.name, version: task.envelope.version))
            for limit in task.limits { limiters.note(limit.rule) }
            if let parent = task.parent, parentNumbers[parent.id] == nil {
                parents.append(parent.id)
                parentNumbers[parent.id] = parents.count
                parentBytes.id(parent.id)
                parentBytes.fence(parent.fence)
            }
        }
    }

    var size: Int { tasks.reduce(256) { $0 + $1.envelope.payload.count + 240 } }

    /// The parent of that number, from 1.
    func parent(_ number: Int) -> TaskID? { parents.indices.contains(number - 1) ? parents[number - 1] : nil }

    func append(to call: inout RESPScriptCall) {
        var writer = ByteWriter()
        if let policy { Self.write(policy, to: &writer) }
        if purpose == .look { writer.text("?") }
        call.append(writer)
        writer.clear()
        if let tick { Schedules.write(tick, to: &writer) }
        call.append(writer)
        call.append(parentBytes)
        call.append(queues.values.count)
        for queue in queues.values { call.append(queue.name) }
        call.append(kinds.values.count)
        for kind in kinds.values {
            writer.clear()
            kind.write(to: &writer)
            call.append(writer)
        }
        call.append(limiters.values.count)
        for rule in limiters.values {
            writer.clear()
            Self.write(rule, to: &writer)
            call.append(writer)
        }
        for (index, task) in tasks.enumerated() {
            writer.clear()
            write(task, reservation: reservations[index], to: &writer)
            call.append(writer)
            writer.clear()
            TaskTail.write(task, to: &writer)
            call.append(writer)
        }
    }

    private func write(_ task: NewTask, reservation: KeyReservation?, to writer: inout ByteWriter) {
        writer.id(task.envelope.id)
        writer.int16(queues.number(of: task.queue))
        writer.int16(kinds.number(of: KindName(name: task.envelope.name, version: task.envelope.version)))
        writer.int16(task.parent.flatMap { parentNumbers[$0.id] } ?? 0)
        switch task.due {
        case .now:
            writer.byte(0)
            writer.int64(0)
        case .after(let delay):
            writer.byte(1)
            writer.int64(Microseconds.clamped(delay))
        case .at(let date):
            writer.byte(2)
            writer.int64(Microseconds.wall(date))
        }
        let limits = task.limits.prefix(4)
        writer.byte((task.key == nil ? 0 : 1) + (limits.isEmpty ? 0 : 2) + (reservation == nil ? 0 : 4))
        writer.int64(Microseconds.clamped(task.keyTTL))
        writer.int64(Microseconds.clamped(task.resultTTL))
        if let key = task.key {
            writer.raw(KeyHash.of(key))
            if let reservation {
                writer.raw(reservation.operation)
                writer.bits64(reservation.token)
            } else {
                writer.id(TaskID.next())
            }
        }
        if limits.isEmpty { return }
        writer.byte(limits.count)
        for limit in limits {
            writer.int16(limiters.number(of: limit.rule))
            writer.bits64(KeyHash.ofLimit(limit.key))
        }
    }

    static func write(_ policy: AdmissionPolicy, to writer: inout ByteWriter) {
        writer.bits64(policy.limit.map { UInt64(Int64($0)) } ?? .max)
        writer.int64(Microseconds.clamped(policy.window))
        writer.bits64(policy.maxBacklog.map { UInt64(Int64($0)) } ?? .max)
        writer.bits64(policy.maxAge.map { UInt64(Microseconds.clamped($0)) } ?? .max)
    }

    private static func write(_ rule: LimitRule, to writer: inout ByteWriter) {
        writer.byte(rule.kind.rawValue)
        writer.int64(rule.storedMaximum)
        writer.int64(rule.storedSpan)
        writer.int16(rule.task.utf8.count)
        writer.text(rule.task)
        writer.text(rule.storedArguments)
    }

    /// Reads the answer: one for each task.
    func answers(_ reply: RESPValue) throws(EngineError) -> [Answer] {
        let parts = reply.list
        guard parts.count == 4, let bytes = parts[0].buffer, bytes.readableBytes == tasks.count else {
            throw EngineError(.failed, "the server's answer to a push cannot be read")
        }
        var owners = parts[1].ids.makeIterator()
        var answers: [Answer] = []
        answers.reserveCapacity(tasks.count)
        for byte in bytes.readableBytesView {
            switch byte {
            case 0: answers.append(.outcome(.accepted))
            case 1: answers.append(.outcome(.known))
            case 2: answers.append(.outcome(.rejected(Self.rejection(parts[2].text, left: parts[3].number ?? 1))))
            case 4: answers.append(.elsewhere)
            case 5: answers.append(.lost)
            default: answers.append(.outcome(owners.next().map { .duplicate(by: $0) } ?? .known))
            }
        }
        return answers
    }

    /// The same of a call that was sent again. A child may be known from an earlier run of its parent.
    func answersOnceMore(_ reply: RESPValue) throws(EngineError) -> [Answer] {
        let answers = try answers(reply)
        if purpose == .look { return answers }
        return zip(tasks, answers).map { task, answer in
            if case .outcome(.known) = answer, task.parent == nil { return .outcome(.accepted) }
            return answer
        }
    }

    /// The outcomes where there is one partition.
    static func outcomes(_ answers: [Answer]) -> [PushOutcome] {
        answers.map { answer in
            if case .outcome(let outcome) = answer { return outcome }
            return .known
        }
    }

    private static func rejection(_ cause: String, left: Int64) -> AdmissionRejection {
        let cause: AdmissionRejection.Cause = cause == "backlog" ? .backlog : cause == "age" ? .age : .window
        return AdmissionRejection(cause, retryAfter: .microseconds(max(1, left)))
    }
}

/// Different values in the order in which they came, numbered from 1. Most calls hold one, again and again.
private struct Numbering<Value: Hashable & Sendable>: Sendable {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int] = [:]

    mutating func note(_ value: Value) {
        if values.last == value || numbers[value] != nil { return }
        values.append(value)
        numbers[value] = values.count
    }

    func number(of value: Value) -> Int {
        if values.count == 1 { return 1 }
        return numbers[value] ?? 1
    }
}

extension LimitRule {
    /// From this on a limit limits nothing.
    static let unlimited: Int64 = 1 << 31

    var storedMaximum: Int64 { min(max(0, Int64(clamping: maximum)), Self.unlimited) }
    var storedSpan: Int64 { window.map(Microseconds.clamped) ?? 0 }
    var storedArguments: String { (try? JSONEncoder().encode(arguments)).map { String(decoding: $0, as: UTF8.self) } ?? "[]" }
}
