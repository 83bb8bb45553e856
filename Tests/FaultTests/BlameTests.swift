import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// Who pays for a lost worker: nobody who was not alone with it.
@Suite(.serialized) struct BlameTests {
    /// With 77 and 79 a worker says that it drained for good, or stopped itself; a body that exits with them has said neither.
    @Test(arguments: [0, 3, Death.drainedStatus, Death.selfStopStatus])
    func aBodyThatEndsItsProcessIsFoundAmongTen(status: Int32) async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { crew in
                let innocents = try await scene.relier.push(
                    contentsOf: (0..<9).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
                let culprit = try await scene.relier.push(Leaver(status: status, evidence: scene.evidence, gate: scene.gate))
                try await until("all ten running") { scene.lines().filter { $0.hasPrefix("start") }.count == 10 }
                scene.openGate()
                let quarantined = try await #require(throws: TaskQuarantined.self) {
                    try await culprit.value(timeout: .seconds(60))
                }
                #expect(quarantined.reason == "WorkerCrash")
                #expect(quarantined.message.contains("exit status \(status)"))
                for receipt in innocents { _ = try await receipt.value(timeout: .seconds(60)) }
                #expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.map(\.id) == [culprit.id])
                try await until("an ordinary worker runs again") { !crew.workers.isEmpty }
            }
        }
    }

    @Test func progressStartsTheCountAnew() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { crew in
                let steps = 8
                let receipt = try await scene.relier.push(Stepper(steps: steps, evidence: scene.evidence))
                for step in 1...steps {
                    try await until("step \(step)") { scene.lines().contains { $0.hasPrefix("step \(step) ") } }
                    let line = try #require(scene.lines().last { $0.hasPrefix("step \(step) ") })
                    kill(try #require(Int32(line.split(separator: " ")[2])), SIGKILL)
                    try await until("the death is known") { crew.dead.count == step }
                }
                #expect(try await receipt.value(timeout: .seconds(60)) == steps)
                let details = try await scene.details(of: receipt.id)
                #expect(details.history.map(\.outcome) == Array(repeating: "worker-gone", count: steps) + ["committed"])
                #expect(details.summary.resurrections == 1, "each loss came after progress")
            }
        }
    }

    /// A memory limit of a whole container ends supervisor and workers together, so nobody sees who did it.
    @Test func oneHogTakesItsContainerDownAndNobodyElse() async throws {
        try await FaultScene.run { scene in
            let hog = try await scene.relier.push(Hog(evidence: scene.evidence))
            let innocents = try await scene.relier.push(
                contentsOf: (0..<3).map { Nap(number: $0, evidence: scene.evidence, milliseconds: 1500) })
            var kills = 0
            while try await scene.state(of: hog.id) != .quarantined && kills < 12 {
                let container = try scene.start(["worker", "--concurrency=4", "--lease=1", "--log-level=error"])
                let seen = scene.lines().count { $0.hasPrefix("hog") }
                try await until("the hog runs again, or is convicted", within: .seconds(30)) {
                    if scene.lines().count(where: { $0.hasPrefix("hog") }) > seen { return true }
                    return try await scene.state(of: hog.id) == .quarantined
                }
                for pid in Self.children(of: container.processIdentifier) + [container.processIdentifier] { kill(pid, SIGKILL) }
                container.waitUntilExit()
                kills += 1
            }
            #expect(try await scene.engine.status(of: [hog.id])[hog.id]?.reason == "max_resurrections_exceeded")
            #expect(kills >= 7, "two losses among others, five alone")
            _ = try scene.start(["worker", "--concurrency=4", "--lease=1", "--log-level=error"])
            for receipt in innocents { _ = try await receipt.value(timeout: .seconds(60)) }
            #expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.map(\.id) == [hog.id])
        }
    }

    private static func children(of pid: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.flatMap { thread in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { Int32($0) }
        }
    }
}
