import Foundation
import Relier
import TestSupport
import Testing

@testable import CookbookLibrary

/// Pattern 6, with a real pool of processes for each kind of work.
@Suite struct PoolTests {
    @Test func aFloodOfBulkWorkDoesNotReachTheFastPool() async throws {
        try await withTemporaryDirectory { directory in
            let place = TestPlace(in: directory.path)
            let engine = try place.engine()
            let relier = Relier(engine)
            let pools = try [("high_priority", "4", "fast@%h"), ("default,low_priority", "16", "bulk@%h")].map { queues, slots, name in
                try pool(place, ["--queues", queues, "--concurrency", slots, "--name", name])
            }
            let result: Result<Void, any Error>
            do { result = .success(try await flood(relier)) } catch { result = .failure(error) }
            for pool in pools { pool.terminate() }
            for pool in pools { try await eventually("the pool has ended") { pool.isRunning ? nil : true } }
            try await place.remove(engine)
            try result.get()
            #expect(pools.allSatisfy { $0.terminationStatus == 0 })
        }
    }

    private func flood(_ relier: Relier) async throws {
        try await eventually("both pools have joined") { try await relier.engine.workers().count == 2 ? true : nil }
        let bulk = try await relier.push(contentsOf: (0..<8000).map { $regenerateThumbnail(number: $0) })
        try await eventually("the flood is being worked on") { try await bulk[0].status() == .committed ? true : nil }
        for number in 0..<40 {
            let receipt = try await relier.push($confirmPayment(orderID: "order-\(number)"))
            // Behind the flood it would take as long as the flood does.
            let answer = try await receipt.value(timeout: .seconds(5))
            #expect(answer.contains("confirmed by fast@"))
        }
        let waiting = try await relier.engine.queues().first { $0.queue == "low_priority" }?.queued ?? 0
        #expect(waiting > 0, "the flood outlasts the payments")
        #expect(try await bulk[0].value(timeout: .seconds(5)).hasPrefix("bulk@"))
    }

    private func pool(_ place: TestPlace, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try CookbookExecutable.path())
        process.arguments = ["worker", "--grace=1", "--log-level=error"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(place.environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }
}
