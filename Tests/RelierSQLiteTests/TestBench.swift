import Foundation
import Relier
import Synchronization
import Testing

@testable import RelierSQLite

/// A directory that is removed when it is not used any more.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "relier-sqlite-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String = "relier.db") -> String { "\(path)/\(name)" }
}

/// A clock that stands until it is moved.
final class HandClock: Sendable {
    struct Reading {
        var boot: Int64
        var wall: Int64
        var bootID: String
    }
    private let reading: Mutex<Reading>

    init(boot: Int64 = 1_000_000, wall: Int64 = 1_800_000_000_000_000, bootID: String = "boot-1") {
        reading = Mutex(Reading(boot: boot, wall: wall, bootID: bootID))
    }

    func change(_ body: (inout Reading) -> Void) { reading.withLock { body(&$0) } }

    func advance(_ duration: Duration) {
        change {
            $0.boot += duration.microseconds
            $0.wall += duration.microseconds
        }
    }

    var clock: SQLiteClock {
        SQLiteClock(
            bootTime: { self.reading.withLock(\.boot) }, wallTime: { self.reading.withLock(\.wall) },
            bootID: { self.reading.withLock(\.bootID) })
    }
}

func task(
    _ name: String = "t", version: Int = 1, payload: String = "{}", queue: Queue = .default, due: Due = .now, key: String? = nil,
    resultTTL: Duration = .hours(1)
) -> NewTask {
    NewTask(
        envelope: Envelope(
            id: .next(), name: name, version: version, payload: Data(payload.utf8), enqueuedAt: EngineTime(microseconds: 0)),
        queue: queue, due: due, key: key, resultTTL: resultTTL)
}

/// A worker as far as an engine knows one.
final class Hand: Sendable {
    let incarnation = Incarnation.next()
    let process = TaskID.next()
    let engine: SQLiteEngine
    let lease: any LeaseHolder
    private let requests = Mutex<Int64>(0)

    init(
        _ engine: SQLiteEngine, queues: [Queue] = [.default], kinds: [TaskKind] = [TaskKind(name: "t", version: 1)], isolated: Bool = false
    ) async throws {
        self.engine = engine
        lease = try await engine.join(
            WorkerInfo(
                incarnation: incarnation, process: process, name: "hand", host: "here", pid: getpid(), queues: queues, concurrency: 8,
                kinds: kinds, lease: .seconds(5), isolated: isolated))
    }

    func claim(_ limit: Int = 8, queues: [Queue] = [.default], suspects: Bool = false) async throws -> [ClaimedTask] {
        let number = requests.withLock { number in
            number += 1
            return number
        }
        return try await engine.claim(
            ClaimRequest(
                incarnation: incarnation, number: number, shares: queues.map { QueueShare(queue: $0, slots: limit) }, limit: limit,
                suspects: suspects))
    }

    @discardableResult
    func settle(_ task: ClaimedTask, _ outcome: Settlement.Outcome) async throws -> SettleReply {
        try await engine.settle([Settlement(task: task.envelope.id, fence: task.fence, outcome: outcome)])[0]
    }
}

/// The error that the body throws, as an `EngineError`; fails the test when it throws none.
func engineError(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async -> EngineError? {
    do {
        try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as EngineError {
        return error
    } catch {
        Issue.record("not an EngineError: \(error)", sourceLocation: sourceLocation)
    }
    return nil
}
