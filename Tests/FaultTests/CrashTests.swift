import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// Real worker processes, ended by real signals.
@Suite(.serialized) struct CrashTests {
    /// After the second kill each of them runs alone.
    @Test func tenTasksSurviveTwoKillsFromOutside() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { crew in
                let receipts = try await scene.relier.push(
                    contentsOf: (0..<10).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
                for round in 1...2 {
                    try await until("round \(round): all ten running") {
                        scene.lines().filter { $0.hasPrefix("start") }.count == 10 * round
                    }
                    let victim = try #require(crew.workers.first)
                    kill(victim, SIGKILL)
                    try await until("the death is known") { crew.dead.count == round }
                }
                scene.openGate()
                for receipt in receipts { _ = try await receipt.value(timeout: .seconds(60)) }
                #expect(crew.dead.prefix(2).map(\.death) == Array(repeating: .signalled(SIGKILL), count: 2))
                let runners = Set(scene.lines().filter { $0.hasPrefix("end") }.compactMap { $0.split(separator: " ").last })
                #expect(runners.count == 10, "each ran alone in a process")
                for receipt in receipts {
                    let details = try await scene.details(of: receipt.id)
                    #expect(details.summary.resurrections == 2)
                    #expect(details.history.map(\.outcome) == ["worker-gone", "worker-gone", "committed"])
                    #expect(details.history.dropLast().allSatisfy { $0.recoveredBy == "observed-death" })
                }
            }
        }
    }

    @Test func onlyTheCulpritIsConvicted() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor(backtraces: true) { crew in
                let innocents = try await scene.relier.push(
                    contentsOf: (0..<9).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
                let culprit = try await scene.relier.push(Trap(evidence: scene.evidence, gate: scene.gate))
                try await until("all ten running") { scene.lines().filter { $0.hasPrefix("start") }.count == 10 }
                scene.openGate()
                let quarantined = try await #require(throws: TaskQuarantined.self) {
                    try await culprit.value(timeout: .seconds(120))
                }
                #expect(quarantined.reason == "WorkerCrash")
                for receipt in innocents {
                    _ = try await receipt.value(timeout: .seconds(60))
                    let details = try await scene.details(of: receipt.id)
                    #expect(details.summary.resurrections <= 1)
                }
                // The report may follow the release.
                try await until("the crash report is attached") {
                    try await scene.details(of: culprit.id).history.last?.crash != nil
                }
                let last = try #require(try await scene.details(of: culprit.id).history.last)
                #expect(last.detail?.hasPrefix("signal") == true)
                let crash = try #require(last.crash)
                #expect(crash.death.makesSuspects)
                #expect((crash.standardError + (crash.backtrace ?? "")).contains("the culprit traps"))
                let letters = try await scene.engine.deadLetters(DeadLetterQuery())
                #expect(letters.items.map(\.id) == [culprit.id])
            }
        }
    }

    @Test func aSubprocessThatOutlivesTheWorkerHidesNothing() async throws {
        try await FaultScene.run { scene in
            try await scene.withSupervisor { crew in
                let receipt = try await scene.relier.push(Spawner(evidence: scene.evidence, gate: scene.gate))
                try await until("the body runs") { scene.lines().contains { $0.hasPrefix("start") } }
                let child = try #require(scene.lines().first { $0.hasPrefix("child") }.flatMap { Int32($0.dropFirst(6)) })
                defer { kill(child, SIGKILL) }
                let victim = try #require(crew.workers.first)
                kill(victim, SIGKILL)
                // Well before the lease could end, and while the orphan holds what it inherited.
                try await until("the death is known", within: .seconds(4)) { crew.dead.count == 1 }
                #expect(kill(child, 0) == 0, "the orphan still runs")
                scene.openGate()
                _ = try await receipt.value(timeout: .seconds(60))
                let first = try #require(try await scene.details(of: receipt.id).history.first)
                #expect(first.recoveredBy == "observed-death")
            }
        }
    }

    @Test func supervisorAndWorkersKilledTogether() async throws {
        try await FaultScene.run { scene in
            let doomed = try scene.start(["worker", "--processes=2", "--lease=3", "--log-level=error"])
            let receipts = try await scene.relier.push(
                contentsOf: (0..<8).map { Hold(text: "\($0)", evidence: scene.evidence, gate: scene.gate) })
            try await until("all running") { scene.lines().count == 8 }
            let pids = Set(scene.lines().compactMap { $0.split(separator: " ").last.flatMap { Int32($0) } })
            try await scene.withSupervisor(lease: "3") { _ in
                try await until("the other supervisor's worker has joined") {
                    try await scene.engine.workers().contains {
                        !pids.contains($0.info.pid) && $0.info.pid != doomed.processIdentifier
                            && $0.running == 0
                    }
                }
                kill(doomed.processIdentifier, SIGKILL)
                for pid in pids { kill(pid, SIGKILL) }
                // The lease, and one second.
                try await until("every task runs again", within: .seconds(4)) { scene.lines().count >= 16 }
                scene.openGate()
                for receipt in receipts { _ = try await receipt.value(timeout: .seconds(60)) }
            }
        }
    }

    @Test func aStoppedWorkerIsRefusedWhenItComesBack() async throws {
        try await FaultScene.run { scene in
            let first = try scene.start(["worker", "--lease=1", "--log-level=error"])
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            let stopped = try #require(Int32(scene.lines()[0].split(separator: " ").last ?? ""))
            kill(stopped, SIGSTOP)
            try await scene.withSupervisor(lease: "1") { _ in
                try await until("another worker runs it") { scene.lines().count == 2 }
                scene.openGate()
                let winner = try await receipt.value(timeout: .seconds(60))
                #expect(winner != stopped)
                let details = try await scene.details(of: receipt.id)
                #expect(details.history.map(\.outcome) == ["worker-gone", "committed"])
                #expect(details.history[0].recoveredBy == "lease-end")
                kill(stopped, SIGCONT)
            }
            // The other supervisor has gone: only the worker that was stopped is left to claim.
            let again = try await scene.relier.push(Note(text: "again", evidence: scene.evidence))
            _ = try await again.value(timeout: .seconds(60))
            #expect(try await receipt.value() != stopped, "the late result changed nothing")
            #expect(first.isRunning)
        }
    }
}
