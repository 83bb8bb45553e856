import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

@Suite struct WriterTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Holds the writer until `release` is signalled, so that what is submitted meanwhile becomes one group.
    private func hold(_ engine: SQLiteEngine) -> DispatchSemaphore {
        let release = DispatchSemaphore(value: 0)
        engine.writer.submit(WriteJob(weight: 1, run: { _ in release.wait() }, finish: { _ in }))
        return release
    }

    @Test func oneRefusalLeavesItsGroupAlone() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let gone = (id: TaskID.next(), fence: Fence(number: 1, token: 7))
        let good = (0..<20).map { _ in task() }
        var orphan = task()
        orphan.parent = gone
        let refused = [orphan]
        let release = hold(engine)
        async let failure = engineError { _ = try await engine.push(refused) }
        try await withThrowingTaskGroup(of: [PushOutcome].self) { group in
            for task in good { group.addTask { try await engine.push([task]) } }
            release.signal()
            for try await outcome in group { #expect(outcome == [.accepted]) }
        }
        #expect(await failure?.code == .fenced)
        #expect(try await engine.status(of: good.map(\.envelope.id)).count == 20)
        #expect(try await engine.status(of: refused.map(\.envelope.id)).isEmpty)
        try await engine.close()
    }

    @Test func aRefusalAfterAWriteIsUndone() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let release = hold(engine)
        let good = task()
        async let outcome = engine.push([good])
        async let failure = engineError {
            try await engine.writer.perform { store in
                try store.db.run("INSERT INTO meta (name, value) VALUES ('half', 'done')")
                throw EngineError(.conflict, "no")
            }
        }
        release.signal()
        #expect(try await outcome == [.accepted])
        #expect(await failure?.code == .conflict)
        let half = try await engine.read { try $0.exists("SELECT 1 FROM meta WHERE name = 'half'") }
        #expect(!half)
        #expect(try await engine.status(of: [good.envelope.id]).count == 1)
        try await engine.close()
    }

    @Test func anErrorOfTheDatabaseHitsItsCauseOnly() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let release = hold(engine)
        let good = (0..<5).map { _ in task() }
        async let failure = engineError {
            try await engine.writer.perform { store in
                try store.db.run("INSERT INTO queue (number, name) VALUES (1000, 'q')")
                try store.db.run("INSERT INTO queue (number, name) VALUES (1000, 'r')")
            }
        }
        async let outcomes = engine.push(good)
        release.signal()
        #expect(try await outcomes.allSatisfy { $0 == .accepted })
        #expect(await failure?.code == .failed)
        #expect(try await engine.queues().first { $0.queue == .default }?.queued == 5)
        try await engine.close()
    }

    @Test func aFullDatabaseRefusesWholeAndHeals() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        _ = try await engine.push([task()])
        try await engine.writer.perform { store in
            let pages = try store.db.row("PRAGMA page_count", transform: { $0.int(0) }) ?? 0
            _ = try store.db.row("PRAGMA max_page_count = \(pages + 4)", transform: { $0.int(0) })
        }
        let many = (0..<200).map { _ in task(payload: "\"\(String(repeating: "x", count: 1000))\"") }
        #expect(await engineError { _ = try await engine.push(many) }?.code == .full)
        #expect(try await engine.status(of: many.map(\.envelope.id)).isEmpty)
        let hand = try await Hand(engine)
        let claimed = try await hand.claim()
        #expect(claimed.count == 1)
        #expect(try await hand.settle(claimed[0], .commit(result: Data("1".utf8))) == .done)
        try await engine.writer.perform { _ = try $0.db.row("PRAGMA max_page_count = 1000000", transform: { $0.int(0) }) }
        #expect(try await engine.push(many).allSatisfy { $0 == .accepted })
        try await engine.close()
    }

    @Test(.enabled(if: Mounts.areAllowed, "this user may not mount file systems"))
    func aFullDiskRefusesWhole() async throws {
        let disk = try #require(try TinyDisk(kibibytes: 1024))
        let engine = try SQLiteEngine(path: "\(disk.path)/relier.db")
        var accepted: [TaskID] = []
        var failure: EngineError?
        while failure == nil {
            let batch = (0..<20).map { _ in task(payload: "\"\(String(repeating: "x", count: 1000))\"") }
            do {
                _ = try await engine.push(batch)
                accepted += batch.map(\.envelope.id)
            } catch {
                failure = error
                #expect(try await engine.status(of: batch.map(\.envelope.id)).isEmpty)
            }
            try #require(accepted.count < 2000)
        }
        #expect(failure?.code == .full)
        #expect(try await engine.status(of: accepted).count == accepted.count)
        try await engine.close()
        withExtendedLifetime(disk) {}
    }
}
