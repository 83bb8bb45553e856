import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

@Suite(.serialized) struct ScheduleTests {
    /// Two supervisors schedule a task each second. One is killed between its ticks, then both are, and a third comes after some ticks were missed.
    @Test func killedSchedulersLoseAndDoubleNoTick() async throws {
        try await FaultScene.run { scene in
            func start() throws -> Process {
                try scene.start(["worker", "--log-level=error"], environment: [Pulse.variable: scene.evidence])
            }
            func state() async throws -> ScheduleState? {
                try await scene.engine.schedules().schedules.first { $0.definition.name == "pulse" }
            }
            func distinct() -> Int { Set(scene.lines()).count }
            let first = try start()
            let second = try start()
            try await until("both schedule") { distinct() >= 2 }
            kill(first.processIdentifier, SIGKILL)
            let before = distinct()
            try await until("the other goes on") { distinct() >= before + 2 }
            kill(second.processIdentifier, SIGKILL)
            let missed = try #require(try await state()?.lastTick)
            try await until("three ticks are missed") {
                try await scene.engine.now().microseconds > missed.microseconds + 3_500_000
            }
            let third = try start()
            try await until("what was missed has run") {
                guard let state = try await state(), let last = state.lastTick else { return false }
                return last.microseconds > missed.microseconds + 4_000_000
            }
            kill(third.processIdentifier, SIGTERM)
            try await until("it has left") { !third.isRunning }
            let final = try #require(try await state())
            let last = try #require(final.lastTick)
            let ticks = (final.announcedAt.microseconds / 1_000_000 + 1)...(last.microseconds / 1_000_000)
            let ids = ticks.map { TaskID.tick(of: "pulse", at: TickTime(microseconds: $0 * 1_000_000)) }
            // Every tick is a task, and there is no task beside them.
            let tasks = try await scene.engine.tasks(TaskQuery(name: "pulse", limit: 1000)).items
            #expect(Set(tasks.map(\.id)) == Set(ids))
            #expect(tasks.count == ids.count)
        }
    }
}
