import Foundation
import Relier
import TestSupport
import Testing

@testable import FaultFixtures

/// A worker in processes of its own that has keys, and what `rl` tells of the tasks it refused.
@Suite(.serialized) struct EnvelopeTests {
    private static let secret = "2026-11:a secret of many bytes"
    private static let old = "2026-05:another secret of many bytes"

    private func client(_ scene: FaultScene, _ key: String?) throws -> Relier {
        let keys = try key.map { try SigningKeys(current: SigningKey(parsing: $0)) }
        return Relier(scene.engine, settings: ClientSettings(signing: keys, logger: FaultScene.logger))
    }

    /// What `rl` prints.
    private func operate(_ arguments: [String], _ scene: FaultScene) throws -> JSONValue {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try FaultScene.program("rl"))
        process.arguments = arguments + ["--json"]
        process.environment = scene.surroundings()
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "rl \(arguments.joined(separator: " ")) failed")
        return try JSONDecoder().decode(JSONValue.self, from: text)
    }

    @Test func theDeadLetterQueueSaysWhyATaskWasRefused() async throws {
        try await FaultScene.run { scene in
            let worker = try scene.start(
                ["worker", "--log-level=error"],
                environment: ["RELIER_SECRET_KEY": Self.secret, "RELIER_SECRET_KEY_PREVIOUS": Self.old])
            let mine = try client(scene, Self.secret)
            func note(_ text: String) -> Note { Note(text: text, evidence: scene.evidence) }

            let good = try await mine.push(note("good"))
            let late = try await client(scene, Self.old).push(note("late"))
            let unsigned = try await client(scene, nil).push(note("unsigned"))
            let stranger = try await client(scene, "2020-01:a secret that nobody has").push(note("stranger"))
            var forged = try mine.newTask(note("forged"), due: .now, id: .next())
            let signature = forged.envelope.signature
            forged.envelope = Envelope(
                id: forged.envelope.id, name: Note.name, version: 1, payload: try CanonicalJSON.encode(note("altered")),
                enqueuedAt: EngineTime(microseconds: 0))
            forged.envelope.signature = signature
            _ = try await scene.engine.push([forged])
            let aged = try await mine.push(name: Aged.name, arguments: Data(#"{"amount":5}"#.utf8), version: 1)
            let unmigratable = try await mine.push(name: Aged.name, arguments: Data(#"{"amount":-5}"#.utf8), version: 1)
            let newer = try await mine.push(name: Aged.name, arguments: Data(#"{"cents":5}"#.utf8), version: 3)

            #expect(try await good.value(timeout: .seconds(60)) == "good")
            #expect(try await late.value(timeout: .seconds(60)) == "late")
            #expect(try await aged.value(timeout: .seconds(60)) == .integer(500))
            let refused: [(TaskID, reason: String, message: String, signer: JSONValue)] = [
                (unsigned.id, "PayloadIntegrityError", "it is not signed", .null),
                (stranger.id, "PayloadIntegrityError", "the key '2020-01', which this worker does not have", "2020-01"),
                (forged.envelope.id, "PayloadIntegrityError", "its signature is not that of the key '2026-11'", "2026-11"),
                (unmigratable.id, "SchemaMigrationError", "the migration from version 1 threw Impossible", "2026-11"),
            ]
            for (id, reason, message, signer) in refused {
                try await until("\(message): quarantined") { try await scene.state(of: id) == .quarantined }
                let letter = try operate(["dlq", "inspect", id.description], scene)
                #expect(letter["reason"] == .string(reason))
                #expect(letter["signed_by"] == signer)
                #expect(letter["version"] == 1)
                #expect(letter["payload"] != .null, "the arguments are kept")
                guard case .string(let text)? = letter["message"] else {
                    Issue.record("\(letter) has no message")
                    continue
                }
                #expect(text.contains(message), "\(text)")
            }
            #expect(try await newer.status() == .parked)
            #expect(try operate(["tasks", "inspect", newer.id.description], scene)["state"] == "parked")
            #expect(scene.lines().sorted() == ["good", "late"])

            worker.terminate()
            worker.waitUntilExit()
            #expect(worker.terminationStatus == 0)
        }
    }

    /// A key that cannot be used ends the worker at once with one line, which does not show it.
    @Test func aWorkerWithABadKeyDoesNotStart() async throws {
        try await FaultScene.run { scene in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try FaultScene.program("relier-fixture"))
            process.arguments = ["worker"]
            process.environment = scene.surroundings(["RELIER_SECRET_KEY": "hush"])
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 2)
            #expect(
                text.hasPrefix("error: RELIER_SECRET_KEY in the environment: a secret has at least 16 bytes; this one has 4"), "\(text)")
            #expect(!text.contains("hush"))
            #expect(text.split(separator: "\n").count == 1)
        }
    }
}
