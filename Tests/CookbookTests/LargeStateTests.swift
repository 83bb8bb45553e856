import Foundation
import Relier
import Testing

@testable import CookbookLibrary

extension WorkshopTests {
    /// Pattern 3's size.
    @Suite(.serialized) struct LargeStateTests {
        /// What JSON adds to the text: `{"blob":"` and `"}`.
        private static let frame = 11

        @Test func aByteTooManyIsRefusedWithBothRemedies() async throws {
            try await Workshop.open { shop in
                let fits = try await shop.relier.push($keepLargeState(bytes: 262_144 - Self.frame))
                #expect(try await fits.value(timeout: .seconds(30)).bytes == 262_144 - Self.frame)
                let tooLarge = try await shop.relier.push($keepLargeState(bytes: 262_145 - Self.frame))
                let error = await #expect(throws: TaskQuarantined.self) { try await tooLarge.value(timeout: .seconds(30)) }
                #expect(error?.reason == "CheckpointTooLargeError")
                #expect(error?.message.contains("262145 bytes") == true)
                #expect(error?.message.contains("save less") == true)
                #expect(error?.message.contains("RELIER_CHECKPOINT_BACKEND=filesystem") == true)
            }
        }

        @Test func fiftyMegabytesInAFileSurviveAKill() async throws {
            try await withTemporaryDirectory { directory in
                let environment = ["RELIER_CHECKPOINT_BACKEND": "filesystem", "RELIER_CHECKPOINT_DIR": directory.path]
                try await Workshop.open(environment: environment) { shop in
                    let receipt = try await shop.relier.push($keepLargeState(bytes: 50_000_000, secondsAfter: 600))
                    try await eventually("the checkpoint", within: .seconds(120)) {
                        try await shop.engine.inspect(receipt.id)?.checkpointBytes
                    }
                    try await shop.killWorker(running: receipt.id)
                    let summary = try await receipt.value(timeout: .seconds(120))
                    #expect(summary == LargeStateSummary(bytes: 50_000_000, isIntact: true, wasResumed: true))
                    try await eventually("an empty checkpoint directory") {
                        try FileManager.default.subpathsOfDirectory(atPath: directory.path).isEmpty ? true : nil
                    }
                }
            }
        }
    }
}
