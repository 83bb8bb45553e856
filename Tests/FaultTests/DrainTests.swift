import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

@Suite(.serialized) struct DrainTests {
    @Test func aTerminatedWorkerHandsOverWhatItCannotFinish() async throws {
        try await FaultScene.run { scene in
            let leaver = try scene.start(["worker", "--grace=1", "--log-level=error"])
            let receipts = try await scene.relier.push(
                contentsOf: (0..<5).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
            try await until("all running") { scene.lines().count == 5 }
            kill(leaver.processIdentifier, SIGTERM)
            try await until("it has left") { !leaver.isRunning }
            #expect(leaver.terminationStatus == 0)
            scene.openGate()
            try await scene.withSupervisor { _ in
                for receipt in receipts {
                    _ = try await receipt.value(timeout: .seconds(60))
                    let details = try await scene.details(of: receipt.id)
                    #expect(details.summary.resurrections == 0)
                    #expect(details.history.map(\.outcome) == ["handed-back", "committed"])
                }
            }
        }
    }

    @Test func aWorkerWhoseSupervisorIsGoneDrains() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--grace=30", "--log-level=error"])
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            let worker = try #require(Int32(scene.lines()[0].split(separator: " ").last ?? ""))
            kill(supervisor.processIdentifier, SIGKILL)
            // Not waited for here: Foundation sees its end only when its worker has ended, too.
            scene.openGate()
            #expect(try await receipt.value(timeout: .seconds(30)) == worker, "the task ends where it ran")
            try await until("the worker has left") { kill(worker, 0) != 0 }
        }
    }

    @Test func aDrainSavesWhatTheHooksSave() async throws {
        try await FaultScene.run { scene in
            let leaver = try scene.start(["worker", "--grace=2", "--log-level=error"])
            let receipts = try await scene.relier.push(
                contentsOf: (0..<5).map { Hooked(number: $0, evidence: scene.evidence, gate: scene.gate) })
            try await until("all running") { scene.lines().count == 5 }
            kill(leaver.processIdentifier, SIGTERM)
            try await until("it has left") { !leaver.isRunning }
            #expect(leaver.terminationStatus == 0)
            scene.openGate()
            try await scene.withSupervisor { _ in
                for (number, receipt) in receipts.enumerated() {
                    let startedFrom = try await receipt.value(timeout: .seconds(60))
                    #expect(startedFrom == number, "the next run starts from the hook's checkpoint")
                    #expect(try await scene.details(of: receipt.id).summary.resurrections == 0)
                }
            }
        }
    }

    @Test func aSecondSignalHandsOverAtOnce() async throws {
        try await FaultScene.run { scene in
            let leaver = try scene.start(["worker", "--grace=600", "--log-level=error"])
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            kill(leaver.processIdentifier, SIGTERM)
            try await until("its worker claims nothing more") {
                _ = try await scene.relier.push(Note(text: "late", evidence: scene.evidence + ".late"))
                return try await scene.engine.queues().contains { $0.queued > 1 }
            }
            kill(leaver.processIdentifier, SIGTERM)
            try await until("it has left", within: .seconds(15)) { !leaver.isRunning }
            #expect(leaver.terminationStatus == 0)
            #expect(try await scene.details(of: receipt.id).history.map(\.outcome) == ["handed-back"])
        }
    }

    /// Every worker in turn is told to stop while tasks are in flight everywhere. `TEST_ROUNDS` sets how often.
    @Test func aRollingRestartCostsNothing() async throws {
        let rounds = ProcessInfo.processInfo.environment["TEST_ROUNDS"].flatMap(Int.init) ?? 3
        try await FaultScene.run { scene in
            try await scene.withSupervisor(processes: 4, concurrency: 25) { crew in
                for round in 0..<rounds {
                    try await until("four workers") { try await scene.engine.workers().count == 4 }
                    let receipts = try await scene.relier.push(
                        contentsOf: (0..<100).map { Nap(number: round * 100 + $0, evidence: scene.evidence) })
                    try await until("tasks in flight everywhere") {
                        try await scene.engine.workers().count { $0.running > 0 } == 4
                    }
                    for victim in crew.workers {
                        let dead = crew.dead.count
                        kill(victim, SIGTERM)
                        try await until("it has left within its grace period", within: .seconds(7)) { crew.dead.count == dead + 1 }
                    }
                    for receipt in receipts {
                        _ = try await receipt.value(timeout: .seconds(60))
                        #expect(try await scene.details(of: receipt.id).summary.resurrections == 0)
                    }
                }
                #expect(crew.dead.count == 4 * rounds)
                #expect(crew.dead.allSatisfy { $0.death == .drained })
                #expect(scene.lines().compactMap { Int($0) }.sorted() == Array(0..<100 * rounds), "each body ran to its end once")
            }
        }
    }

    @Test func anOperatorRestartsAndDrainsFromAfar() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--grace=5", "--lease=1", "--log-level=error"])
            func worker() async throws -> WorkerSummary? { try await scene.engine.workers().first }
            try await until("it has joined") { try await worker() != nil }
            let first = try #require(try await worker())
            try await scene.engine.order(.restart, to: first.info.incarnation)
            try await until("another process has joined") {
                try await worker().map { $0.info.pid != first.info.pid } ?? false
            }
            let second = try #require(try await worker())
            let receipt = try await scene.relier.push(Nap(number: 1, evidence: scene.evidence))
            try await until("it runs") { try await worker()?.running == 1 }
            try await scene.engine.order(.drain, to: second.info.incarnation)
            try await until("the supervisor has left with its last worker") { !supervisor.isRunning }
            #expect(supervisor.terminationStatus == 0)
            #expect(try await scene.details(of: receipt.id).history.map(\.outcome) == ["committed"])
            #expect(try await worker() == nil)
        }
    }

    @Test func aSignalWhileStartingLeavesNothingBehind() async throws {
        try await FaultScene.run { scene in
            for step in 0..<12 {
                let process = try scene.start(["worker", "--processes=2", "--log-level=error"])
                // The moment of the signal is what is tried here.
                try await Task.sleep(for: .milliseconds(step * 25))  // waits: a different moment each time
                kill(process.processIdentifier, SIGTERM)
                try await until("it has left", within: .seconds(20)) { !process.isRunning }
                // Before the program's first line the signal's default holds.
                #expect(process.terminationStatus == 0 || process.terminationReason == .uncaughtSignal)
            }
            let receipt = try await scene.relier.push(Note(text: "after", evidence: scene.evidence))
            try await scene.withSupervisor { _ in
                #expect(try await receipt.value(timeout: .seconds(60)) == "after")
                try await until("no worker of the others is left") { try await scene.engine.workers().count == 1 }
            }
        }
    }
}
