import Foundation
import Relier
import RelierTesting
import Testing

@Suite struct OutcomeTests {
    struct Flaky: RelierTask {
        static let name = "flaky"
        static var options: TaskOptions { TaskOptions(retry: .fixed(every: .zero, maxAttempts: 3)) }
        struct NotYet: Error {}
        var label: String
        var failures: Int
        func run(_ context: TaskContext) async throws -> Int {
            Tally.add(label)
            if context.attempt <= failures { throw NotYet() }
            return context.attempt
        }
    }

    struct GivesUp: RelierTask {
        static let name = "givesUp"
        static var options: TaskOptions { TaskOptions(retry: .fixed(every: .zero, maxAttempts: 9)) }
        func run(_ context: TaskContext) async throws -> NoOutput { throw Discard("the invoice was withdrawn") }
    }

    struct AsksForTime: RelierTask {
        static let name = "asksForTime"
        static var options: TaskOptions { TaskOptions(retry: .fixed(every: .hours(1), maxAttempts: 2)) }
        func run(_ context: TaskContext) async throws -> Int {
            if context.attempt == 1 { throw RetryAfter(.zero) }
            return context.attempt
        }
    }

    struct Unwritable: RelierTask {
        static let name = "unwritable"
        func run(_ context: TaskContext) async throws -> Double { .infinity }
    }

    struct Huge: RelierTask {
        static let name = "huge"
        func run(_ context: TaskContext) async throws -> String { String(repeating: "x", count: 2 << 20) }
    }

    struct Slow: RelierTask {
        static let name = "slow"
        static var options: TaskOptions {
            TaskOptions(softTimeout: .milliseconds(50), hardTimeout: .seconds(4)) { context in
                try await context.setPartial(try context.arguments(as: Slow.self).label)
            }
        }
        var label: String
        func run(_ context: TaskContext) async throws -> NoOutput {
            if try context.partial(as: String.self) == label { return NoOutput() }
            try await Task.sleep(for: .seconds(600))
            return NoOutput()
        }
    }

    @Test func aBodyThatFailsIsTriedAgainAndItsKeyIsAttemptsNotResurrections() async throws {
        try await Workbench.run([Flaky.self]) { bench in
            let receipt = try await bench.relier.push(Flaky(label: "flaky-2", failures: 2))
            #expect(try await receipt.value(timeout: .seconds(30)) == 3)
            let details = try await bench.details(of: receipt.id)
            #expect(details.history.map(\.outcome) == ["retry", "retry", "committed"])
            #expect(details.summary.resurrections == 0)
        }
    }

    @Test func attemptsEnd() async throws {
        try await Workbench.run([Flaky.self]) { bench in
            let receipt = try await bench.relier.push(Flaky(label: "flaky-9", failures: 9))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "NotYet")
            #expect(Tally.count("flaky-9") == 3)
        }
    }

    @Test func discardNeedsNoMoreAttempts() async throws {
        try await Workbench.run([GivesUp.self]) { bench in
            let receipt = try await bench.relier.push(GivesUp())
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "Discard" && error.message == "the invoice was withdrawn")
            #expect(try await bench.details(of: receipt.id).history.count == 1)
        }
    }

    @Test func aBodyMayChooseItsPause() async throws {
        try await Workbench.run([AsksForTime.self]) { bench in
            let receipt = try await bench.relier.push(AsksForTime())
            #expect(try await receipt.value(timeout: .seconds(30)) == 2)
        }
    }

    @Test(arguments: ["unwritable", "huge"]) func aResultThatCannotBeStoredIsNamedAndNotRunAgain(name: String) async throws {
        try await Workbench.run([Unwritable.self, Huge.self]) { bench in
            let receipt = try await bench.relier.push(name: name, arguments: Data("{}".utf8))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "ResultError", "\(error)")
        }
    }

    @Test func aPayloadThatDoesNotDecodeIsKeptAndNamed() async throws {
        try await Workbench.run([Count.self]) { bench in
            let receipt = try await bench.relier.push(name: "count", arguments: Data(#"{"label":7}"#.utf8))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "PayloadIntegrityError")
            let letters = try await bench.engine.deadLetters(DeadLetterQuery(reason: "PayloadIntegrityError"))
            #expect(letters.items.map(\.id) == [receipt.id])
        }
    }

    @Test func anUnknownNameWaitsAndHoldsUpNothing() async throws {
        try await Workbench.run([Count.self]) { bench in
            let unknown = try await bench.relier.push(name: "nobodyKnows", arguments: Data("{}".utf8))
            let known = try await bench.relier.push(Count(label: "behind"))
            #expect(try await known.value(timeout: .seconds(30)) == "behind")
            #expect(try await unknown.status() == .parked)
        }
    }

    @Test func theSoftHookSavesWhatTheNextAttemptStartsFrom() async throws {
        try await Workbench.run([Slow.self]) { bench in
            let receipt = try await bench.relier.push(Slow(label: "soft"))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "TimeoutError")
            try await bench.engine.releaseDeadLetter(receipt.id, fresh: false)
            _ = try await receipt.value(timeout: .seconds(30))
        }
    }

    @Test func aBlockingPushFromSynchronousCode() async throws {
        try await Workbench.run([Count.self]) { bench in
            let relier = bench.relier
            let id: TaskID = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try relier.pushBlocking(Count(label: "blocking")).id })
                }
            }
            let receipt = relier.receipt(for: id, of: Count.self)
            #expect(try await receipt.value(timeout: .seconds(30)) == "blocking")
            #expect(throws: BlockingCallOnTask.self) { try synchronousDetour(relier) }
        }
    }

    /// Synchronous code that is nevertheless on a Swift task.
    private func synchronousDetour(_ relier: Relier) throws { try relier.pushBlocking(Count(label: "detour")) }

    @Test func awaitingInsideABodyIsRefused() async throws {
        struct Waits: RelierTask {
            static let name = "waits"
            func run(_ context: TaskContext) async throws -> Bool {
                let child = try await context.push(Count(label: "inner"))
                do {
                    _ = try await child.value()
                    return false
                } catch is AwaitInsideBody { return true }
            }
        }
        try await Workbench.run([Count.self, Waits.self]) { bench in
            let receipt = try await bench.relier.push(Waits())
            let refused = try await receipt.value(timeout: .seconds(30))
            #expect(refused)
        }
    }
}
