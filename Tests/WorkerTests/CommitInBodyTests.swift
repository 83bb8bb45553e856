import Foundation
import GRDB
import Relier
import RelierSQLite
import RelierTesting
import Synchronization
import TestSupport
import Testing

/// What `context.commit` means to a body and to its worker.
@Suite struct CommitInBodyTests {
    typealias Body = @Sendable (TaskContext) async throws -> String

    /// The bodies of ``Scripted``, by a label that each test makes up.
    static let bodies = Mutex<[String: Body]>([:])

    struct Scripted: RelierTask {
        static let name = "scripted"
        static var options: TaskOptions { TaskOptions(retry: .fixed(every: .zero, maxAttempts: 2)) }
        var label: String
        func run(_ context: TaskContext) async throws -> String {
            let body = try #require(CommitInBodyTests.bodies.withLock { $0[label] })
            return try await body(context)
        }
    }

    struct Hurried: RelierTask {
        static let name = "hurried"
        static var options: TaskOptions { TaskOptions(hardTimeout: .seconds(1)) }
        var label: String
        func run(_ context: TaskContext) async throws -> String { try await Scripted(label: label).run(context) }
    }

    struct Keyed: RelierTask {
        static let name = "keyed"
        static var options: TaskOptions { TaskOptions(idempotent: .automatic(ttl: .hours(1))) }
        var label: String
        func run(_ context: TaskContext) async throws -> String { try await Scripted(label: label).run(context) }
    }

    struct Quiet: RelierTask {
        static let name = "quiet"
        var label: String
        func run(_ context: TaskContext) async throws -> NoOutput {
            let label = label
            try await context.commit { db in try insert(label, db) }
            return NoOutput()
        }
    }

    struct Failure: Error {}

    private static func insert(_ label: String, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO mine (label) VALUES (?)", arguments: [label])
    }

    /// Runs with a table `mine (label)` and a worker.
    private func run(_ body: (Workbench, SQLiteEngine) async throws -> Void) async throws {
        try await Workbench.run([Scripted.self, Hurried.self, Keyed.self, Quiet.self, Count.self]) { bench in
            let engine = try #require(bench.engine.underlying(SQLiteEngine.self))
            try await engine.write { try $0.execute(sql: "CREATE TABLE mine (label TEXT)") }
            try await body(bench, engine)
        }
    }

    private func rows(_ engine: SQLiteEngine) async throws -> Int {
        try await engine.write { try Int.fetchOne($0, sql: "SELECT count(*) FROM mine") ?? -1 }
    }

    private func script(_ label: String, _ body: @escaping Body) -> Scripted {
        Self.bodies.withLock { $0[label] = body }
        return Scripted(label: label)
    }

    @Test func theClosuresOutputIsTheResult() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("result") { context in
                    try await context.setPartial(7)
                    let output = try await context.commit { db in
                        try Self.insert("result", db)
                        return "from the closure"
                    }
                    #expect(output == "from the closure")
                    #expect(try await bench.engine.status(of: [context.id])[context.id]?.state == .committed)
                    return "from the body"
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "from the closure")
            #expect(try await rows(engine) == 1)
            try await until("the slot is free") { try await bench.engine.workers().allSatisfy { $0.running == 0 } }
            let details = try await bench.details(of: receipt.id)
            #expect(details.history.map(\.outcome) == ["committed"])
            #expect(details.checkpointBytes == nil)
        }
    }

    @Test func aTaskWithoutOutput() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(Quiet(label: "quiet"))
            _ = try await receipt.value(timeout: .seconds(30))
            #expect(try await rows(engine) == 1)
        }
    }

    @Test func aThrowUndoesAndTheBodyMayTryAgain() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("again") { context in
                    await #expect(throws: Failure.self) {
                        try await context.commit { db -> String in
                            try Self.insert("again", db)
                            throw Failure()
                        }
                    }
                    #expect(try await bench.engine.status(of: [context.id])[context.id]?.state == .running)
                    try await context.setPartial("still mine")
                    return try await context.commit { db in
                        try Self.insert("again", db)
                        return "second"
                    }
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "second")
            #expect(try await rows(engine) == 1)
        }
    }

    @Test func aThrowThatPassesIsAnOrdinaryFailure() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("fails") { context in
                    try await context.commit { db in
                        try Self.insert("fails", db)
                        if context.attempt == 1 { throw Failure() }
                        return "attempt \(context.attempt)"
                    }
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "attempt 2")
            #expect(try await rows(engine) == 1)
            #expect(try await bench.history(of: receipt.id) == ["retry", "committed"])
        }
    }

    @Test func nothingFollowsACommit() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("after") { context in
                    let result = try await context.commit { db in
                        try Self.insert("after", db)
                        return "done"
                    }
                    func refused(_ call: String, _ use: () async throws -> Void) async {
                        let error = await #expect(throws: AlreadyCommitted.self) { try await use() }
                        #expect(error?.call == call)
                    }
                    await refused("setPartial") { try await context.setPartial(1) }
                    await refused("push") { try await context.push(Count(label: "never")) }
                    await refused("push") { try await context.push(contentsOf: [Count(label: "never")]) }
                    await refused("withIdempotencyLock") {
                        _ = try await withIdempotencyLock(key: "after", ttl: .hours(1)) { 1 }
                    }
                    await refused("commit") { _ = try await context.commit { db in "twice" } }
                    if result == "done" { throw Failure() }
                    return result
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "done")
            try await until("the slot is free") { try await bench.engine.workers().allSatisfy { $0.running == 0 } }
            #expect(try await bench.history(of: receipt.id) == ["committed"])
            #expect(try await rows(engine) == 1)
            #expect(Tally.count("never") == 0)
        }
    }

    @Test func aKeyInHandIsToBeLeftFirst() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("locked") { context in
                    _ = try await withIdempotencyLock(key: "locked", ttl: .hours(1)) {
                        await #expect(throws: KeyStillHeld.self) { try await context.commit { db in "inside" } }
                        return 1
                    }
                    return try await context.commit { db in "outside" }
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "outside")
        }
    }

    @Test(arguments: ["type", "size", "number"]) func aResultThatCannotBeStoredLeavesNothing(what: String) async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("unstorable \(what)") { context in
                    Tally.add("unstorable \(what)")
                    switch what {
                    case "type":
                        _ = try await context.commit { db -> Int in
                            try Self.insert(what, db)
                            return 1
                        }
                    case "number": _ = try await context.commit { db -> Double in .infinity }
                    default:
                        _ = try await context.commit { db in
                            try Self.insert(what, db)
                            return String(repeating: "x", count: 2 << 20)
                        }
                    }
                    return "unreached"
                })
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "ResultError", "\(error)")
            #expect(Tally.count("unstorable \(what)") == 1, "its result would be the same again")
            #expect(try await rows(engine) == 0)
        }
    }

    @Test func aTaskThatIsAnothersIsNotCommitted() async throws {
        try await run { bench, engine in
            let receipt = try await bench.relier.push(
                script("fenced") { context in
                    if context.attempt == 1 && Tally.count("fenced") == 0 {
                        Tally.add("fenced")
                        // As a sweeper does that takes this worker for dead.
                        _ = try await bench.engine.settle([Settlement(task: context.id, fence: context.fence, outcome: .handBack)])
                        await #expect(throws: FencedOut.self) {
                            try await context.commit { db in
                                try Self.insert("fenced", db)
                                return "first"
                            }
                        }
                        return "first"
                    }
                    return try await context.commit { db in
                        try Self.insert("fenced", db)
                        return "second"
                    }
                })
            #expect(try await receipt.value(timeout: .seconds(30)) == "second")
            #expect(try await rows(engine) == 1)
        }
    }

    @Test func aHardTimeoutThatComesFirstWins() async throws {
        try await run { bench, engine in
            let label = "timed out"
            _ = script(label) { context in
                // Ignores its cancellation until the timeout is stored.
                while try await bench.engine.status(of: [context.id])[context.id]?.state != .quarantined { await Task.yield() }
                do {
                    _ = try await Task.detached {
                        try await context.commit { db in
                            try Self.insert(label, db)
                            return "late"
                        }
                    }.value
                    Issue.record("the commit was carried out")
                } catch is FencedOut { Tally.add(label) }
                return "late"
            }
            let receipt = try await bench.relier.push(Hurried(label: label))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "TimeoutError")
            try await until("the body has seen it") { Tally.count(label) == 1 }
            #expect(try await rows(engine) == 0)
        }
    }

    @Test func aHardTimeoutDuringTheCommitLoses() async throws {
        try await run { bench, engine in
            let label = "during"
            _ = script(label) { context in
                let timedOut = DispatchSemaphore(value: 0)
                return try await withTaskCancellationHandler {
                    try await context.commit { db in
                        try Self.insert(label, db)
                        timedOut.wait()
                        return "in time"
                    }
                } onCancel: {
                    timedOut.signal()
                }
            }
            let receipt = try await bench.relier.push(Hurried(label: label))
            #expect(try await receipt.value(timeout: .seconds(30)) == "in time")
            #expect(try await rows(engine) == 1)
            #expect(try await bench.history(of: receipt.id) == ["committed"])
            #expect(try await bench.engine.deadLetters(DeadLetterQuery()).items.isEmpty)
        }
    }

    @Test func aDrainAfterTheCommitHandsNothingOver() async throws {
        let bench = try Workbench([Scripted.self])
        let engine = try #require(bench.engine.underlying(SQLiteEngine.self))
        try await engine.write { try $0.execute(sql: "CREATE TABLE mine (label TEXT)") }
        let receipt = try await bench.relier.push(
            script("drained") { context in
                _ = try await context.commit { db in
                    try Self.insert("drained", db)
                    return "done"
                }
                try await Task.sleep(for: .seconds(600))
                return "unreached"
            })
        #expect(try await receipt.value(timeout: .seconds(30)) == "done")
        try await bench.end()
        #expect(try await bench.history(of: receipt.id) == ["committed"])
        #expect(try await receipt.status() == .committed)
        #expect(try await rows(engine) == 1)
    }

    @Test func theKeyIsCompletedWithTheCommit() async throws {
        try await run { bench, engine in
            _ = script("keyed") { context in
                try await context.commit { db in
                    try Self.insert("keyed", db)
                    return context.idempotencyKey
                }
            }
            let first = try await bench.relier.push(Keyed(label: "keyed"))
            let result = try await first.value(timeout: .seconds(30))
            let second = try await bench.relier.push(Keyed(label: "keyed"))
            #expect(second.isDuplicate)
            #expect(try await second.value(timeout: .seconds(30)) == result)
            #expect(try await rows(engine) == 1)
        }
    }

    @Test func tasksPushedInTheCommitGoWithIt() async throws {
        let harness = try RelierTestHarness([Scripted.self, Count.self])
        try await harness.sqlite.write { try $0.execute(sql: "CREATE TABLE mine (label TEXT)") }
        let relier = harness.relier
        let receipt = try await harness.push(
            script("parent") { context in
                _ = try? await context.commit { db -> String in
                    try relier.push(Count(label: "undone"), in: db)
                    throw Failure()
                }
                return try await context.commit { db in
                    try Self.insert("parent", db)
                    try relier.push(Count(label: "follow-up"), in: db)
                    return "pushed"
                }
            })
        try await harness.runQueued()
        #expect(try await receipt.value(timeout: .seconds(5)) == "pushed")
        #expect(try harness.expectPushed(Count.self).map(\.label) == ["follow-up"])
        #expect(Tally.count("follow-up") == 1 && Tally.count("undone") == 0)
        #expect(try await rows(harness.sqlite) == 1)
    }

    @Test func aPlainCallSaysWhatIsMissing() async throws {
        let error = await #expect(throws: EngineError.self) {
            try await TaskContext.testing().commit { db in "x" }
        }
        #expect(error?.message.contains("RelierTestHarness") == true)
    }
}
