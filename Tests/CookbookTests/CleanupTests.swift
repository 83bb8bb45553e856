import Foundation
import Relier
import Testing

@testable import CookbookLibrary

/// Pattern 5.
@Suite struct CleanupTests {
    @Test func theHookFreesTheLockAndSavesBeforeTheHardTimeout() async throws {
        try await withWorker([$processWithExternalLock.self]) { relier, _ in
            let item = "item-\(TaskID.next())"
            let lock = ExternalLock(item)
            defer { lock.release() }
            let receipt = try await relier.push($processWithExternalLock(itemID: item, steps: 10_000))
            try await eventually("the body has the lock") { lock.isTaken ? true : nil }
            try await eventually("the hook has freed it") { lock.isTaken ? nil : true }
            // Others can have it while the body still runs.
            #expect(try await receipt.status() == .running)
            try lock.acquire()
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "TimeoutError")
            let details = try #require(try await relier.engine.inspect(receipt.id))
            #expect(details.checkpointBytes != nil, "the hook saved how far the body was")
            #expect(details.history.map(\.outcome) == ["quarantined"])
        }
    }

    @Test func withoutATimeoutTheBodyFreesItsLockItself() async throws {
        try await withWorker([$processWithExternalLock.self]) { relier, _ in
            let item = "item-\(TaskID.next())"
            let receipt = try await relier.push($processWithExternalLock(itemID: item, steps: 2))
            #expect(try await receipt.value(timeout: .seconds(30)) == 2)
            #expect(!ExternalLock(item).isTaken)
        }
    }
}
