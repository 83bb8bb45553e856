import Foundation
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

@testable import FaultFixtures

/// A server that refuses writes for a while, or cuts every connection, under bodies that ask for something and under workers that start.
@Suite(.serialized) struct RefusedWritesTests {
    @Test(.timeLimit(.minutes(5))) func bodiesWaitForAServerThatRefusesWrites() async throws {
        try await bodiesWait { server in
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "1")
            try await Task.sleep(for: .seconds(2))  // waits: so long it refuses writes
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "0")
        }
    }

    @Test(.timeLimit(.minutes(5))) func bodiesOutliveTheirConnections() async throws {
        try await bodiesWait { server in
            for _ in 0..<10 {
                try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await Task.sleep(for: .milliseconds(100))  // waits: between two cuts
            }
        }
    }

    private func bodiesWait(_ fault: (RedisServer) async throws -> Void) async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        try await RedisScene.run { scene in
            let engine = try await RedisEngine.connect(server.url, options: RedisScene.options())
            let workers = try scene.workers(at: server.url)
            let receipts = try await Relier(engine).push(
                contentsOf: (0..<4).map { Asker(number: $0, evidence: scene.evidence, gate: scene.gate) })
            try await until("all have begun") { Set(scene.lines(".rounds").map { $0.split(separator: " ")[1] }).count == 4 }
            try await fault(server)
            let before = scene.lines(".rounds").count
            try await until("they go on") { scene.lines(".rounds").count > before }
            scene.openGate()
            for receipt in receipts {
                _ = try await receipt.value(timeout: .seconds(60))
                let details = try #require(try await engine.inspect(receipt.id))
                #expect(details.history.map(\.outcome) == ["committed"] && details.summary.resurrections == 0)
            }
            #expect(scene.lines().count == receipts.count, "no body ran twice")
            #expect(try await engine.deadLetterReasons().isEmpty)
            #expect(workers.drain() == 0)
            try await engine.close()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aWorkerThatStartsWaitsForAServerThatRefusesWrites() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        try await RedisScene.run { scene in
            let engine = try await RedisEngine.connect(server.url, options: RedisScene.options())
            let receipt = try await Relier(engine).push(Note(text: "later", evidence: scene.evidence))
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "1")
            let workers = try scene.workers(at: server.url, ["--processes=2"])
            try await until("it says what it waits for") { workers.count("until it works") > 0 }
            try await Task.sleep(for: .seconds(3))  // waits: time in which processes that die would be started again and again
            try await server.command("CONFIG", "SET", "min-replicas-to-write", "0")
            let repairedAt = ContinuousClock.now
            _ = try await receipt.value(timeout: .seconds(30))
            #expect(repairedAt.duration(to: .now) < .seconds(4))
            #expect(workers.count(" died: ") == 0, "\(workers.log.suffix(2000))")
            #expect(workers.count("until it works") <= 8)
            #expect(workers.drain() == 0)
            try await engine.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWrongAddressIsToldAtOnce() async throws {
        let start = ContinuousClock.now
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "relier-fixture")
        process.arguments = ["worker", "--url=redis://127.0.0.1:1"]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(start.duration(to: .now) < .seconds(6))
        // The client may have logged its own line before.
        let last = try #require(text.split(separator: "\n").last)
        #expect(last.hasPrefix("error: ") && last.contains("127.0.0.1:1"), "\(text)")
    }
}
