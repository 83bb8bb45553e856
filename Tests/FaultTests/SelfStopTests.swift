import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// A worker process that can no longer reach its engine makes room for one that can.
@Suite(.serialized) struct SelfStopTests {
    @Test(arguments: [false, true]) func aProcessWhoseDescriptorsWereClosedIsReplaced(stays: Bool) async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(lease: "2") { crew in
                let receipt = try await scene.relier.push(Closer(evidence: scene.evidence, stays: stays))
                try await until("the descriptors are closed") { scene.lines().count == 1 }
                let victim = try #require(Int32(scene.lines()[0].split(separator: " ").last ?? ""))
                let closedAt = ContinuousClock.now
                try await until("its process has left", within: .seconds(15)) { crew.dead.contains { $0.pid == victim } }
                #expect(closedAt.duration(to: .now) < .seconds(8))
                if TestPlace.isFile { #expect(crew.dead.first?.death == .exited(status: Death.selfStopStatus)) }
                #expect(try await receipt.value(timeout: .seconds(30)), "it runs again, in a fresh process")
                let note = try await scene.relier.push(Note(text: "served", evidence: scene.evidence + ".note"))
                _ = try await note.value(timeout: .seconds(10))
                #expect(try await scene.engine.deadLetterReasons().isEmpty)
            }
        }
    }

    @Test(.enabled(if: TestPlace.isFile)) func aProcessWithoutDescriptorsDoesNotSpinMeanwhile() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(lease: "6") { crew in
                _ = try await scene.relier.push(Closer(evidence: scene.evidence))
                try await until("the descriptors are closed") { scene.lines().count == 1 }
                let victim = try #require(Int32(scene.lines()[0].split(separator: " ").last ?? ""))
                let before = try #require(Self.processorTime(of: victim))
                try await Task.sleep(for: .seconds(3))  // waits: time in which a loop without a pause would use the processor
                let after = try #require(Self.processorTime(of: victim), "it is still there, within its lease")
                #expect(after - before < .milliseconds(900))
            }
        }
    }

    /// User and system time of a process; `nil` when it is gone.
    private static func processorTime(of pid: Int32) -> Duration? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = text.lastIndex(of: ")")
        else { return nil }
        // After the name in brackets, the 12th and 13th fields, in clock ticks.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return nil }
        return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }
}
