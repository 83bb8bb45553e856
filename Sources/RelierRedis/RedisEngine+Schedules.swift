import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func announceSchedules(_ definitions: [ScheduleDefinition], withdrawing names: [String]) async throws(EngineError) {
        try await ready()
        _ = try await server.run(Scripts.announce, resends: true) { call in
            call.append(names.count)
            for name in names { call.append(name) }
            for definition in definitions {
                call.append(definition.name)
                call.append(definition.zone == nil ? "" : "1")
                var writer = ByteWriter()
                Schedules.write(definition, to: &writer)
                call.append(writer)
            }
        }
    }

    public func tick(_ ticks: [ScheduleTick]) async throws(EngineError) -> [TickOutcome] {
        try await ready()
        var outcomes: [TickOutcome] = []
        for tick in ticks { outcomes.append(try await partitions.tick(tick).map { .recorded($0) } ?? .refused) }
        return outcomes
    }

    public func schedules() async throws(EngineError) -> ScheduleBoard {
        try await ready()
        let parts = try await server.run(Scripts.schedules, resends: true).list
        guard parts.count == 3 else { throw EngineError(.failed, "the server's answer about schedules cannot be read") }
        let entries = parts[2].list
        var states: [ScheduleState] = []
        for index in stride(from: 0, to: entries.count - 1, by: 2) {
            if let buffer = entries[index + 1].buffer, let state = Schedules.read(buffer, name: entries[index].text) {
                states.append(state)
            }
        }
        return ScheduleBoard(
            now: EngineTime(microseconds: parts[0].number ?? 0), wall: TickTime(microseconds: parts[1].number ?? 0),
            schedules: states.sorted { $0.definition.name < $1.definition.name })
    }
}

/// How a schedule is stored: settled 8 · last tick 8 (0 for none) · its task 16 (zeros for none) · announced 8 · definition, which is
/// the length of the expression 2, the expression, and for a cron expression the time zone behind one byte.
enum Schedules {
    static func write(_ definition: ScheduleDefinition, to writer: inout ByteWriter) {
        writer.int16(definition.expression.utf8.count)
        writer.text(definition.expression)
        guard let zone = definition.zone else { return }
        writer.byte(1)
        writer.text(zone)
    }

    /// Before · after · latest (all ones for none) · length of the name 2 · name · definition.
    static func write(_ tick: ScheduleTick, to writer: inout ByteWriter) {
        writer.int64(Microseconds.clamped(tick.after.microseconds))
        writer.int64(Microseconds.clamped(tick.settled.microseconds))
        writer.bits64(tick.latest.map { UInt64(Microseconds.clamped($0.microseconds)) } ?? .max)
        writer.int16(tick.definition.name.utf8.count)
        writer.text(tick.definition.name)
        write(tick.definition, to: &writer)
    }

    static func read(_ stored: ByteBuffer, name: String) -> ScheduleState? {
        var buffer = stored
        guard let settled = buffer.readInteger(as: Int64.self), let ticked = buffer.readInteger(as: Int64.self),
            let task = buffer.readID(TaskID.self), let announced = buffer.readInteger(as: Int64.self),
            let length = buffer.readInteger(as: UInt16.self), let expression = buffer.readText(Int(length))
        else { return nil }
        let zone = buffer.readInteger(as: UInt8.self) == nil ? nil : String(buffer: buffer)
        return ScheduleState(
            definition: ScheduleDefinition(name: name, expression: expression, zone: zone), settled: TickTime(microseconds: settled),
            lastTick: ticked == 0 ? nil : TickTime(microseconds: ticked), lastTask: task.high | task.low == 0 ? nil : task,
            announcedAt: EngineTime(microseconds: announced))
    }
}
