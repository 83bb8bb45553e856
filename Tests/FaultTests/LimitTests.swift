import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// Limits over real processes, some of them killed in the middle.
@Suite(.serialized) struct LimitTests {
    /// How many tasks and keys; the full size of the contract with `TEST_FULL=1`.
    private static let size =
        ProcessInfo.processInfo.environment["TEST_FULL"] == "1" ? (tasks: 10_000, keys: 500) : (tasks: 1_500, keys: 75)

    @Test func fourProcessesKeepTheLimitOfEachKeyWhileWorkersAreKilled() async throws {
        try await FaultScene.run { scene in
            let size = Self.size
            try await scene.withSupervisor(processes: 4, concurrency: 16) { crew in
                let receipts = try await scene.relier.push(
                    contentsOf: (0..<size.tasks).map { Turnstile(key: $0 / (size.tasks / size.keys), number: $0, evidence: scene.evidence) }
                )
                for kills in 1...3 {
                    try await until("a share of the tasks has run") { scene.lines().count > kills * size.tasks / 5 }
                    let victim = try #require(crew.workers.randomElement())
                    kill(victim, SIGKILL)
                    try await until("the death is known") { crew.dead.count >= kills }
                }
                let ids = receipts.map(\.id)
                try await until("all have ended", within: .seconds(240)) {
                    try await scene.engine.status(of: ids).values.allSatisfy { $0.state == .committed }
                }
            }
            #expect(scene.lines(".over").isEmpty, "bodies saw more than two of their key: \(scene.lines(".over").prefix(5))")
            let notes = scene.lines().map { $0.split(separator: " ").compactMap { Int($0) } }
            #expect(Set(notes.map { $0[1] }).count == size.tasks, "each body ran")
            // The limit was used, not only kept.
            let full = Set(notes.filter { $0[2] == Turnstile.maximum }.map { $0[0] })
            #expect(full.count > size.keys / 2, "two at once were seen of \(full.count) of \(size.keys) keys")
        }
    }

    /// A queue's pause outlives every process.
    @Test func aPauseOutlivesTheWorkers() async throws {
        try await FaultScene.run { scene in
            let before = try await scene.relier.push(Note(text: "before", evidence: scene.evidence))
            try await scene.engine.setPaused(true, queue: .default)
            let after = try await scene.relier.push(Note(text: "after", evidence: scene.evidence))
            for _ in 0..<2 {
                try await scene.withSupervisor { crew in
                    try await until("the worker has joined") { try await !scene.engine.workers().isEmpty }
                    let victim = try #require(crew.workers.first)
                    kill(victim, SIGKILL)
                    try await until("another has joined") {
                        try await scene.engine.workers().contains { $0.info.pid != victim }
                    }
                    // Long enough for several claims.
                    try await Task.sleep(for: .milliseconds(300))  // waits: nothing must happen
                }
            }
            #expect(scene.lines().isEmpty)
            #expect(try await scene.state(of: before.id) == .queued)
            try await scene.withSupervisor { _ in
                try await scene.engine.setPaused(false, queue: .default)
                for receipt in [before, after] { _ = try await receipt.value(timeout: .seconds(60)) }
            }
            #expect(scene.lines() == ["before", "after"] || scene.lines() == ["after", "before"])
        }
    }
}
