import Crypto
import Foundation

/// A task that a schedule pushes.
struct PeriodicTask: Sendable {
    let definition: ScheduleDefinition
    let rule: ScheduleRule
    let missed: MissedTicks
    /// The task of one tick. Its arguments are made afresh from their defaults each time.
    let task: @Sendable (_ client: Relier, _ id: TaskID) throws -> NewTask

    /// `nil` for a task without a schedule.
    /// - Throws: ``RegistrationError`` for a schedule that can never tick, and for a task that needs arguments.
    init?<Work: RelierTask>(_ type: Work.Type) throws {
        guard let schedule = type.options.schedule else { return nil }
        let name = type.name
        definition = ScheduleDefinition(name: name, schedule: schedule)
        do { rule = try ScheduleRule(definition) } catch { throw RegistrationError("the schedule of task '\(name)': \(error)") }
        if let window = schedule.missed.window, window < .zero {
            throw RegistrationError("the schedule of task '\(name)': the window for missed ticks is less than zero")
        }
        missed = schedule.missed
        task = { client, id in try client.newTask(try Self.withoutArguments(Work.self), due: .now, id: id) }
        _ = try Self.withoutArguments(Work.self)
    }

    private static func withoutArguments<Work: RelierTask>(_ type: Work.Type) throws -> Work {
        do {
            return try CanonicalJSON.decode(Work.self, from: Data("{}".utf8))
        } catch DecodingError.keyNotFound(let key, _) {
            throw RegistrationError(
                "task '\(type.name)' has a schedule, which pushes it without arguments, and its argument '\(key.stringValue)' has no default; give it one"
            )
        } catch {
            throw RegistrationError(
                "task '\(type.name)' has a schedule, which pushes it without arguments, and cannot be made from {}: \(error)")
        }
    }
}

extension TaskID {
    /// The id of the task that a tick becomes: a tick that is recorded twice, because a clock was set back, is pushed once while its task is remembered.
    package static func tick(of schedule: String, at tick: TickTime) -> TaskID {
        var hash = SHA256()
        hash.update(data: Data("relier tick \(tick.microseconds) ".utf8))
        hash.update(data: Data(schedule.utf8))
        return TaskID(time: UInt64(max(0, tick.microseconds)) / 1000, digest: hash.finalize())
    }
}
