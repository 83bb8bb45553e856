import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

@Suite(.serialized) struct FanOutTests {
    @Test func aParentKilledHalfWayPushesNoChildTwice() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(processes: 2) { crew in
                let count = 3376
                let parent = try await scene.relier.push(Parent(count: count, evidence: scene.evidence, gate: scene.gate))
                try await until("half of the children are pushed") { !scene.lines(".parent").isEmpty }
                let pid = try #require(Int32(scene.lines(".parent")[0].split(separator: " ").last ?? ""))
                kill(pid, SIGKILL)
                _ = try await parent.value(timeout: .seconds(120))
                try await until("all children have ended", within: .seconds(120)) {
                    try await scene.engine.queues().allSatisfy { $0.queued + $0.recovered + $0.running + $0.scheduled + $0.suspects == 0 }
                }
                let committed = try await self.countTasks(scene, name: "child", state: .committed)
                #expect(committed == count)
                #expect(Set(scene.lines()) == Set((0..<count).map(String.init)))
            }
        }
    }

    private func countTasks(_ scene: FaultScene, name: String, state: TaskState) async throws -> Int {
        var count = 0
        var after: String?
        repeat {
            let page = try await scene.engine.tasks(TaskQuery(state: state, name: name, limit: 1000, after: after))
            count += page.items.count
            after = page.next
        } while after != nil
        return count
    }
}
