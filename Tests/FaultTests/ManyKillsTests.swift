import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// What the field's other queues lose or double when their workers are killed.
@Suite(.serialized) struct ManyKillsTests {
    /// `TEST_RUNS=20` repeats it as often.
    static let runs = ProcessInfo.processInfo.environment["TEST_RUNS"].flatMap { Int($0) } ?? 2

    @Test(arguments: 0..<runs) func fiveHundredTasksSurviveFiveKills(run: Int) async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(processes: 2, concurrency: 8) { crew in
                let receipts = try await scene.relier.push(
                    contentsOf: (0..<500).map { Nap(number: $0, evidence: scene.evidence, milliseconds: 50) })
                for kills in 1...5 {
                    try await until("a share of the tasks has run") { scene.lines().count > kills * 80 }
                    let victim = try #require(crew.workers.randomElement())
                    kill(victim, SIGKILL)
                    try await until("the death is known") { crew.dead.count >= kills }
                }
                let ids = receipts.map(\.id)
                try await until("all have committed") {
                    try await scene.engine.status(of: ids).count { $0.value.state == .committed } == 500
                }
                for id in ids {
                    let outcomes = try await scene.details(of: id).history.map(\.outcome)
                    #expect(outcomes.count { $0 == "committed" } == 1 && outcomes.last == "committed", "\(id): \(outcomes)")
                    // On a machine without time to spare a worker may also give up a lease by itself.
                    let counted = Set(outcomes.dropLast()).subtracting(["worker-gone", "handed-back", "stray"])
                    #expect(counted.isEmpty, "\(id): \(outcomes)")
                }
            }
            let left = try await scene.engine.queues().reduce(0) {
                $0 + $1.queued + $1.recovered + $1.scheduled + $1.running + $1.suspects + $1.waiting + $1.parked
            }
            #expect(left == 0)
            #expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.isEmpty)
            #expect(Set(scene.lines()).count == 500, "each body has run to its end")
        }
    }
}
