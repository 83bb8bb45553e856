import Foundation
import Relier

/// The demo's supervisor with its worker processes: `cookbook worker`, as anybody would start it.
final class DemoWorkers: Sendable {
    private let supervisor: WorkerSupervisor

    private struct WorkerSupervisor: @unchecked Sendable {
        // `Process` is used from here by reading its state and sending signals only, which it allows from any thread.
        let process: Process
    }

    /// Starts them. What they print goes to `worker.log` in `directory`.
    /// - Parameter executable: the cookbook's program; the one that runs unless given.
    init(executable: String = SupervisorSettings.ownExecutable, directory: URL, environment: [String: String]) throws {
        let log = directory.appendingPathComponent("worker.log")
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["worker"]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        supervisor = WorkerSupervisor(process: process)
    }

    /// Whether the supervisor runs.
    var isRunning: Bool { supervisor.process.isRunning }

    /// Asks the supervisor to drain its workers, and waits until all have ended. Kills it when that takes longer than `limit`.
    /// - Returns: whether it ended by itself and with status 0.
    func stop(within limit: Duration) async -> Bool {
        let process = supervisor.process
        process.terminate()
        let deadline = ContinuousClock.now + limit
        while process.isRunning && ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            return false
        }
        return process.terminationReason == .exit && process.terminationStatus == 0
    }

    /// Asks the supervisor to drain, without waiting.
    func terminate() { supervisor.process.terminate() }
}
