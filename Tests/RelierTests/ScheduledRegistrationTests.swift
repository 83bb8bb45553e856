import Foundation
import Testing

@testable import Relier

private protocol Periodic: RelierTask where Output == NoOutput {
    static var schedule: Schedule { get }
}
extension Periodic {
    static var name: String { "\(Self.self)" }
    static var options: TaskOptions { TaskOptions(schedule: schedule) }
    func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
}

@Suite struct ScheduledRegistrationTests {
    struct Good: Periodic {
        static let schedule = Schedule.cron("  30  2 * * * ", in: "Europe/Berlin", missed: .latest)
        var note: String?
    }
    struct NeedsArgument: Periodic {
        static let schedule = Schedule.every(.seconds(60))
        var customer: String
    }
    struct WrongExpression: Periodic { static let schedule = Schedule.cron("0 0 30 2 *") }
    struct WrongZone: Periodic { static let schedule = Schedule.cron("0 0 * * *", in: "Europe/Berln") }
    struct TooOften: Periodic { static let schedule = Schedule.every(.milliseconds(500)) }
    struct WrongWindow: Periodic { static let schedule = Schedule.every(.seconds(5), missed: .each(within: .seconds(-1))) }

    @Test(
        arguments: [
            (NeedsArgument.self, "'customer' has no default"), (WrongExpression.self, "never comes"), (WrongZone.self, "'Europe/Berln'"),
            (TooOften.self, "1 s to 3650 days"), (WrongWindow.self, "less than zero"),
        ] as [(any RelierTask.Type, String)])
    func whatCanNeverTickIsRefused(type: any RelierTask.Type, says word: String) throws {
        let error = try #require(throws: RegistrationError.self) { try TaskRegistry([type]) }
        #expect(error.description.contains(word), "\(error)")
        #expect(error.description.contains("'\(type.name)'"))
    }

    @Test func aGoodScheduleIsRegistered() throws {
        let periodic = try #require(try TaskRegistry([Good.self]).periodic.first)
        #expect(periodic.definition == ScheduleDefinition(name: "Good", expression: "30 2 * * *", zone: "Europe/Berlin"))
        #expect(periodic.missed == .latest)
    }

    @Test func eachTickHasAnIdOfItsOwn() {
        let tick = TickTime(microseconds: 1_800_000_000_000_000)
        #expect(TaskID.tick(of: "a", at: tick) == TaskID.tick(of: "a", at: tick))
        #expect(TaskID.tick(of: "a", at: tick) != TaskID.tick(of: "b", at: tick))
        #expect(TaskID.tick(of: "a", at: tick) != TaskID.tick(of: "a", at: TickTime(microseconds: tick.microseconds + 1)))
        #expect(TaskID.tick(of: "a", at: tick).description.dropFirst(14).first == "8", "a UUIDv8")
    }
}
