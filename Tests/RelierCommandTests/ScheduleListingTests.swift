import Foundation
import Relier
import Testing

@testable import RelierCommand

@Suite struct ScheduleListingTests {
    private let hour: Int64 = 3_600_000_000
    /// 2026-03-29T00:00:00Z, the night in which Berlin's clocks change.
    private let night: Int64 = 1_774_742_400_000_000

    private func board(_ definition: ScheduleDefinition, now: Int64, lastTick: TickTime? = nil, lastTask: TaskID? = nil) -> ScheduleBoard {
        ScheduleBoard(
            now: EngineTime(microseconds: now), wall: TickTime(microseconds: now),
            schedules: [
                ScheduleState(
                    definition: definition, settled: TickTime(microseconds: night), lastTick: lastTick, lastTask: lastTask,
                    announcedAt: EngineTime(microseconds: night))
            ])
    }

    @Test func theNextTickIsComputedInItsZone() throws {
        let board = board(ScheduleDefinition(name: "nightly", expression: "30 2 * * *", zone: "Europe/Berlin"), now: night)
        #expect(
            JSONOutput.text(of: ScheduleListing(board.schedules[0], on: board).json)
                == #"{"announced_at":"2026-03-29T00:00:00.000000Z","expression":"30 2 * * *","last_task":null,"last_tick":null,"name":"nightly","next_tick":"2026-03-29T01:00:00.000000Z","overdue":false,"zone":"Europe/Berlin"}"#
        )
    }

    @Test func aTickThatNobodyPushedIsOverdue() {
        let definition = ScheduleDefinition(name: "hourly", expression: "@every 3600s", zone: nil)
        let task = TaskID.next()
        func listing(now: Int64) -> ScheduleListing {
            let board = board(definition, now: now, lastTick: TickTime(microseconds: night), lastTask: task)
            return ScheduleListing(board.schedules[0], on: board)
        }
        #expect(!listing(now: night + hour + 9_000_000).isOverdue)
        #expect(listing(now: night + hour + 11_000_000).isOverdue)
        #expect(listing(now: night).next == TickTime(microseconds: night + hour))
        #expect(listing(now: night).json["last_task"] == .string(task.description))
    }

    @Test func whatThisProgramCannotReadIsListedAllTheSame() {
        let board = board(ScheduleDefinition(name: "x", expression: "of a later version", zone: "UTC"), now: night)
        let listing = ScheduleListing(board.schedules[0], on: board)
        #expect(listing.next == nil && !listing.isOverdue)
    }
}
