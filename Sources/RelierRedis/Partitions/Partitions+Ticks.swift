import Foundation
import NIOCore
import RESP
import Relier

/// Schedules live in the first partition. A tick is recorded there with its tasks before these are pushed; who finds such a record pushes them again, under the
/// same ids, which changes nothing where they are known.
extension Partitions {
    /// - Returns: `nil` when the tick is refused.
    func tick(_ tick: ScheduleTick) async throws(EngineError) -> [PushOutcome]? {
        if isOne {
            let call = PushCall(tick.tasks, tick: tick)
            let reply = try await first.push(call)
            return reply.elements == nil ? nil : PushCall.outcomes(try call.answers(reply))
        }
        try await pushRecordedTicks()
        let record = RecordedTick(tick)
        let stored: Data
        do {
            stored = try JSONEncoder().encode(record)
        } catch {
            throw EngineError(.failed, "the tasks of the schedule '\(tick.definition.name)' cannot be written: \(error)", cause: error)
        }
        var writer = ByteWriter()
        Schedules.write(tick, to: &writer)
        let words = writer
        let reply = try await first.run(Scripts.recordTick, reserving: stored.count, isReplicated: true) { call in
            call.append(words)
            call.append(tick.tasks.isEmpty ? "" : record.name)
            stored.withUnsafeBytes { call.append($0) }
        }
        if reply.integer != 1 { return nil }
        if tick.tasks.isEmpty { return [] }
        // Dies, for tests, between the two.
        if isMute { throw EngineError(.outcomeUnknown, "told to die before the push") }
        return try await push(record)
    }

    /// Pushes what was recorded by schedulers that did not come so far.
    func pushRecordedTicks() async throws(EngineError) {
        if isMute { return }
        let found = try await first.send(RESPCommand("HVALS", "\(first.anchor):ticks")).list
        for value in found {
            guard let stored = value.buffer?.data, let record = try? JSONDecoder().decode(RecordedTick.self, from: stored) else { continue }
            _ = try await push(record)
        }
    }

    private func push(_ record: RecordedTick) async throws(EngineError) -> [PushOutcome] {
        let tasks = record.tasks.map(\.task)
        let outcomes = try await push(tasks, policy: nil)
        var last = ByteWriter()
        switch outcomes.last {
        case .duplicate(let owner): last.id(owner)
        case .accepted, .known: if let task = tasks.last { last.id(task.envelope.id) }
        default: break
        }
        var settled = ByteWriter()
        settled.int64(record.settled)
        let (end, task) = (settled, last)
        _ = try await first.run(Scripts.tickDone, resends: true) { call in
            call.append(record.name)
            call.append(record.schedule)
            call.append(end)
            call.append(task)
        }
        return outcomes
    }
}

/// A tick as it is stored until its tasks are pushed.
private struct RecordedTick: Codable, Sendable {
    let schedule: String
    let settled: Int64
    let tasks: [RecordedTask]

    /// Names the record among those of all schedules.
    var name: String { "\(settled):\(schedule)" }

    init(_ tick: ScheduleTick) {
        schedule = tick.definition.name
        settled = Microseconds.clamped(tick.settled.microseconds)
        tasks = tick.tasks.map(RecordedTask.init)
    }
}
