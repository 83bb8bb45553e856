import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// Whoever reads a worker's standard error may stand still, come back, or read at his own pace.
@Suite(.serialized) struct SilentReaderTests {
    /// A named pipe whose reader is the test; full when it is made.
    private final class FullPipe: Sendable {
        let reader: Int32
        let writer: FileHandle

        init(at path: String) throws {
            guard mkfifo(path, 0o600) == 0 else { throw POSIXFailure("cannot make \(path)") }
            reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let filler = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            guard reader >= 0, filler >= 0 else { throw POSIXFailure("cannot open \(path)") }
            let page = [UInt8](repeating: UInt8(ascii: "."), count: 4095) + [UInt8(ascii: "\n")]
            while write(filler, page, page.count) > 0 {}
            close(filler)
            // Another description of the same pipe, which blocks.
            let blocking = open(path, O_WRONLY | O_CLOEXEC)
            guard blocking >= 0 else { throw POSIXFailure("cannot open \(path)") }
            writer = FileHandle(fileDescriptor: blocking, closeOnDealloc: true)
        }

        /// What is there by now.
        func read() -> String {
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Foundation.read(reader, &buffer, buffer.count)
                if count <= 0 { return String(decoding: text, as: UTF8.self) }
                text += buffer[..<count]
            }
        }

        deinit { close(reader) }
    }

    private func start(_ scene: FaultScene, _ arguments: [String], errors: Any) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try FaultScene.program("relier-fixture"))
        process.arguments = arguments
        // A warning at the start comes before everything else.
        process.environment = scene.surroundings(["RELIER_UNHEARD_OF": "1"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        return process
    }

    private func worker(of scene: FaultScene, other than: Int32? = nil) async throws -> Int32? {
        try await scene.engine.workers().map(\.info.pid).first { $0 != than }
    }

    @Test func workRecoveryAndTheEndGoOn() async throws {
        try await FaultScene.run { scene in
            let pipe = try FullPipe(at: scene.directory + "/errors")
            let supervisor = try start(scene, ["worker", "--grace=5", "--lease=2", "--log-level=debug"], errors: pipe.writer)
            defer { if supervisor.isRunning { kill(supervisor.processIdentifier, SIGKILL) } }
            // More than pipes and buffers hold, so that a reader is missed.
            let chatter = try await scene.relier.push(Chatter(lines: 10_000, evidence: scene.evidence))
            _ = try await chatter.value(timeout: .seconds(60))
            let first = try #require(try await worker(of: scene))
            kill(first, SIGKILL)
            try await until("another worker has joined", within: .seconds(15)) { try await worker(of: scene, other: first) != nil }
            let note = try await scene.relier.push(Note(text: "served", evidence: scene.evidence))
            #expect(try await note.value(timeout: .seconds(15)) == "served")
            kill(supervisor.processIdentifier, SIGTERM)
            try await until("it has left", within: .seconds(15)) { !supervisor.isRunning }
            #expect(supervisor.terminationStatus == 0)
        }
    }

    @Test func aReaderThatComesBackIsToldHowManyLinesAreMissing() async throws {
        try await FaultScene.run { scene in
            let pipe = try FullPipe(at: scene.directory + "/errors")
            let supervisor = try start(scene, ["worker", "--grace=5", "--log-level=notice"], errors: pipe.writer)
            defer { if supervisor.isRunning { kill(supervisor.processIdentifier, SIGKILL) } }
            let chatter = try await scene.relier.push(Chatter(lines: 10_000, evidence: scene.evidence))
            _ = try await chatter.value(timeout: .seconds(60))
            var text = ""
            try await until("the missing lines are told") {
                text += pipe.read()
                return text.contains("nobody read them in time")
            }
            let said = text.split(separator: "\n").count { $0.hasPrefix("chatter ") }
            let missing = text.split(separator: "\n").compactMap { line in
                line.hasPrefix("relier: ") ? Int(line.split(separator: " ")[1]) : nil
            }
            #expect(said + missing.reduce(0, +) >= 10_000 && said > 1000, "\(said) lines came, \(missing) are missing")
            kill(supervisor.processIdentifier, SIGTERM)
            try await until("it has left", within: .seconds(15)) {
                text += pipe.read()
                return !supervisor.isRunning
            }
            #expect(text.contains("stopping"), "it is heard again")
        }
    }

    @Test func noLineIsMissingWhereSomebodyReads() async throws {
        try await FaultScene.run { scene in
            let path = scene.directory + "/log"
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let supervisor = try start(
                scene, ["worker", "--grace=5", "--lease=1", "--log-level=info"], errors: try #require(FileHandle(forWritingAtPath: path)))
            defer { if supervisor.isRunning { kill(supervisor.processIdentifier, SIGKILL) } }
            let chatter = try await scene.relier.push(Chatter(lines: 3000, evidence: scene.evidence + ".said"))
            _ = try await chatter.value(timeout: .seconds(60))
            // A process that leaves in a hurry has said why.
            let closer = try await scene.relier.push(Closer(evidence: scene.evidence, stays: true))
            _ = try await closer.value(timeout: .seconds(60))
            kill(supervisor.processIdentifier, SIGTERM)
            try await until("it has left", within: .seconds(15)) { !supervisor.isRunning }
            let log = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(log.count { $0.hasPrefix("chatter ") } == 3000)
            if TestPlace.isFile { #expect(log.contains { $0.contains("leaving the process") }) }
            #expect(log.contains { $0.contains("stopping; running tasks may finish") })
            #expect(!log.contains { $0.contains("nobody read them") })
        }
    }
}
