import Foundation
import Relier
import TestSupport
import Testing

@Suite(.serialized) struct AdmissionTests {
    /// `TEST_RUNS=100` repeats it as often.
    static let runs = ProcessInfo.processInfo.environment["TEST_RUNS"].flatMap { Int($0) } ?? 3

    /// 50 clients in four processes push 1,000 tasks at a limit of 500 within one window.
    @Test(arguments: 0..<runs) func fourProcessesAdmitExactlyTheLimit(run: Int) async throws {
        try await FaultScene.run { scene in
            for (clients, tasks) in [(13, 260), (13, 260), (12, 240), (12, 240)] {
                _ = try scene.start(
                    ["flood", "--clients", "\(clients)", "--tasks", "\(tasks)", "--evidence", scene.evidence, "--gate", scene.gate],
                    environment: ["RELIER_ADMISSION_LIMIT": "500", "RELIER_ADMISSION_WINDOW": "1h", "RELIER_LOG_LEVEL": "critical"])
            }
            try await until("four processes are ready") { scene.lines(".ready").count == 4 }
            scene.openGate()
            try await until("four processes have pushed") { scene.lines().count == 4 }
            let counts = scene.lines().map { $0.split(separator: " ").compactMap { Int($0) } }
            let sums = (0..<3).map { column in counts.reduce(0) { $0 + $1[column] } }
            #expect(sums == [500, 500, 0], "admitted, told when to return, anything else; by process: \(counts)")
            #expect(try await scene.engine.queues().map(\.queued) == [500])
            #expect(try await scene.engine.admission().window?.admitted == 500)
        }
    }

    /// A process that is killed between two pushes leaves exactly what it was told of, and what the others count goes on from there.
    @Test func aKilledClientLeavesNoRoomAndTakesNone() async throws {
        try await FaultScene.run { scene in
            let environment = ["RELIER_ADMISSION_LIMIT": "500", "RELIER_ADMISSION_WINDOW": "1h", "RELIER_LOG_LEVEL": "critical"]
            let processes = try (0..<2).map { _ in
                try scene.start(
                    ["flood", "--clients", "10", "--tasks", "1000", "--evidence", scene.evidence, "--gate", scene.gate],
                    environment: environment)
            }
            try await until("both processes are ready") { scene.lines(".ready").count == 2 }
            scene.openGate()
            try await until("tasks are pushed") { try await scene.engine.admission().window.map { $0.admitted > 50 } ?? false }
            kill(processes[0].processIdentifier, SIGKILL)
            try await until("the other process has pushed") { !scene.lines().isEmpty }
            try await until("the limit is reached") { try await scene.engine.admission().window?.admitted == 500 }
            #expect(try await scene.engine.queues().map(\.queued) == [500])
            #expect(try await scene.engine.admission().window?.admitted == 500)
        }
    }
}
