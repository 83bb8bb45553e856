import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// The supervisor as process 1 of a process namespace, as in a container.
@Suite(.serialized) struct ContainerTests {
    static let isolation = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]

    /// Whether this machine lets a test make namespaces; some containers forbid it.
    static let canIsolate: Bool = {
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        probe.arguments = isolation + ["/bin/true"]
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()

    @Test(.enabled(if: canIsolate, "this machine allows no process namespaces"))
    func asProcessOneItReapsOrphansAndDrains() async throws {
        try await FaultScene.run { scene in
            let program = try FaultScene.program("relier-fixture")
            let container = try scene.start(
                Self.isolation + [program, "worker", "--grace=5", "--log-level=error"], executable: "/usr/bin/unshare")
            let receipt = try await scene.relier.push(Orphaner(count: 5))
            _ = try await receipt.value(timeout: .seconds(60))
            let supervisor = try #require(children(of: container.processIdentifier).first)
            try await until("only the worker is left, and no zombie") {
                let left = children(of: supervisor)
                return left.count == 1 && !left.contains(where: isZombie)
            }
            let held = try await scene.relier.push(Hold(text: "x", evidence: scene.evidence, gate: scene.gate))
            try await until("it runs") { scene.lines().count == 1 }
            kill(supervisor, SIGTERM)
            scene.openGate()
            try await until("the container has ended") { !container.isRunning }
            #expect(container.terminationStatus == 0)
            #expect(try await scene.details(of: held.id).history.map(\.outcome) == ["committed"])
        }
    }

    private func children(of pid: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.flatMap { thread in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { Int32($0) }
        }
    }

    private func isZombie(_ pid: Int32) -> Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return stat.split(separator: ")").last?.trimmingPrefix(" ").first == "Z"
    }
}
