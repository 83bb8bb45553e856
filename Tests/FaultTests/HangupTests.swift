import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// A terminal that closes.
@Suite(.serialized) struct HangupTests {
    @Test func aSupervisorDrains() async throws {
        try await FaultScene.run { scene in
            let supervisor = try scene.start(["worker", "--grace=30", "--log-level=error"])
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            // Once for the session's end, once for that of the group in the foreground.
            kill(supervisor.processIdentifier, SIGHUP)
            try await until("its worker claims nothing more") {
                _ = try await scene.relier.push(Note(text: "late", evidence: scene.evidence + ".late"))
                return try await scene.engine.queues().contains { $0.queued > 1 }
            }
            kill(supervisor.processIdentifier, SIGHUP)
            scene.openGate()
            _ = try await receipt.value(timeout: .seconds(30))
            try await until("it has left", within: .seconds(30)) { !supervisor.isRunning }
            #expect(supervisor.terminationReason == .exit && supervisor.terminationStatus == 0)
            #expect(try await scene.details(of: receipt.id).history.map(\.outcome) == ["committed"])
        }
    }

    @Test func aLoneWorkerProcessDrains() async throws {
        try await FaultScene.run { scene in
            let worker = try scene.startWorkerProcess()
            let receipt = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            kill(worker.processIdentifier, SIGHUP)
            scene.openGate()
            _ = try await receipt.value(timeout: .seconds(30))
            try await until("it has left", within: .seconds(30)) { !worker.isRunning }
            #expect(worker.terminationReason == .exit && worker.terminationStatus == 0)
        }
    }

    @Test func aResurrectorStops() async throws {
        try await FaultScene.run { scene in
            let lines = Pipe()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try FaultScene.program("rl"))
            process.arguments = ["resurrector"]
            process.environment = scene.surroundings()
            process.standardOutput = lines
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            try await until("it listens for signals") { Self.heedsHangup(process.processIdentifier) }
            kill(process.processIdentifier, SIGHUP)
            try await until("it has left", within: .seconds(15)) { !process.isRunning }
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            #expect(lines.fileHandleForReading.availableData.contains(UInt8(ascii: "\n")))
        }
    }

    /// Whether the signal's default, which ends a process, is replaced.
    private static func heedsHangup(_ pid: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").contains { line in
            guard line.hasPrefix("SigIgn:") || line.hasPrefix("SigCgt:"), let mask = line.split(separator: "\t").last else { return false }
            return (UInt64(mask, radix: 16) ?? 0) & 1 == 1
        }
    }
}
