import Foundation
import Synchronization
import Testing

@testable import Relier

@Suite struct ThreadTests {
    @Test func aThreadRunsItsBodyUnderItsName() async throws {
        let name: String = try await withCheckedThrowingContinuation { continuation in
            do {
                try POSIXThread.start("relier-thread-with-a-long-name", stackSize: 1 << 20) {
                    let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
                    continuation.resume(returning: name ?? "")
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(name == "relier-thread-w\n")
    }

    @Test func aStackThatTheSystemDoesNotHaveIsAnErrorThatNamesTheLimit() {
        let error = #expect(throws: POSIXFailure.self) { try POSIXThread.start("relier-huge", stackSize: 1 << 50) {} }
        #expect(error?.code == EAGAIN)
        #expect(error?.description.contains("ulimit -u") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func aBodyWithoutAThreadIsNotBegun() async throws {
        let shortage = Mutex(true)
        let threads = BlockingThreads { (name, body) throws(POSIXFailure) in
            if shortage.withLock({ $0 }) { throw POSIXFailure("no thread", code: EAGAIN) }
            try POSIXThread.start(name, body)
        }
        let begun = Mutex(0)
        await #expect(throws: NoThreadLeft.self) { try await threads.run { begun.withLock { $0 += 1 } } }
        #expect(begun.withLock { $0 } == 0)
        shortage.withLock { $0 = false }
        #expect(try await threads.run { 7 } == 7, "one at a time may run however scarce they are")
        threads.shutDown()
    }
}
