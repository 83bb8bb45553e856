import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// A key's owner whose process is killed while others wait for the key.
@Suite(.serialized) struct LockTests {
    @Test func anOwnerThatIsResurrectedBehindItsWaitersEndsAndSoDoThey() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(concurrency: 2) { crew in
                func push(_ numbers: Range<Int>) async throws -> [TaskReceipt<Int>] {
                    try await scene.relier.push(
                        contentsOf: numbers.map { Locker(number: $0, evidence: scene.evidence, gate: scene.gate) })
                }
                let owner = try await push(0..<1)[0]
                try await until("the owner is inside") { scene.lines(".inside").count == 1 }
                let waiters = try await push(1..<7)
                try await until("all the others wait") {
                    try await scene.engine.status(of: waiters.map(\.id)).values.allSatisfy { $0.state == .waiting }
                }
                for round in 1...2 {
                    let victim = try #require(crew.workers.first)
                    kill(victim, SIGKILL)
                    // Its claim is its own still: it goes in again, and nobody else does.
                    try await until("the owner is inside again") { scene.lines(".inside").count == 1 + round }
                }
                #expect(Set(scene.lines(".inside").compactMap { $0.split(separator: " ").dropFirst().first }) == ["0"])
                scene.openGate()
                for receipt in [owner] + waiters { #expect(try await receipt.value(timeout: .seconds(60)) == 0) }
                #expect(try await scene.details(of: owner.id).summary.resurrections == 2)
                for waiter in waiters {
                    let history = try await scene.details(of: waiter.id).history.map(\.outcome)
                    #expect(history == ["snoozed", "committed"], "a waiter is in no process that could die under it")
                }
            }
            #expect(scene.lines(".inside").count == 3)
        }
    }
}
