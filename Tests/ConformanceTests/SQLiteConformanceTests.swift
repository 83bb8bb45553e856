import Foundation
import Relier
import RelierSQLite
import RelierTesting
import Testing

// Each set-up plays its checks one after another: hundreds at once would starve each other of threads, and waits with them.
@Suite("The engine's contract on SQLite")
struct SQLiteConformanceTests {
    @Test("in memory", .serialized, .timeLimit(.minutes(5)), arguments: EngineConformance.all)
    func memory(check: EngineConformance.Check) async throws {
        try await EngineConformance { try SQLiteStage.inMemory() }.run(check)
    }

    @Test("in a file, through one handle", .serialized, .timeLimit(.minutes(5)), arguments: EngineConformance.all)
    func file(check: EngineConformance.Check) async throws {
        try await EngineConformance { try SQLiteStage.file(handles: 1) }.run(check)
    }

    @Test("in a file, through two handles", .serialized, .timeLimit(.minutes(5)), arguments: EngineConformance.all)
    func twoHandles(check: EngineConformance.Check) async throws {
        try await EngineConformance { try SQLiteStage.file(handles: 2) }.run(check)
    }
}

/// SQLite engines on clocks that the suite moves.
enum SQLiteStage {
    static func inMemory() throws -> EngineUnderTest {
        let clock = TestClock()
        let engine = try SQLiteEngine.inMemory(options: SQLiteOptions(clock: clock.sqlite))
        return stage(engine, clock: clock, handles: Handles([engine]), openAnother: nil) {}
    }

    static func file(handles count: Int) throws -> EngineUnderTest {
        let clock = TestClock()
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-conformance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appendingPathComponent("relier.db").path
        let engine = try SQLiteEngine(path: path, options: SQLiteOptions(clock: clock.sqlite))
        let handles = Handles([engine])
        let openAnother: @Sendable () async throws -> any Engine = {
            let other = try SQLiteEngine(path: path, options: SQLiteOptions(clock: clock.sqlite))
            handles.add(other)
            return other
        }
        return stage(engine, clock: clock, handles: handles, openAnother: count == 1 ? nil : openAnother) {
            try FileManager.default.removeItem(at: directory)
        }
    }

    private static func stage(
        _ engine: SQLiteEngine, clock: TestClock, handles: Handles, openAnother: (@Sendable () async throws -> any Engine)?,
        dispose: @escaping @Sendable () throws -> Void
    ) -> EngineUnderTest {
        EngineUnderTest(
            engine: engine, openAnother: openAnother, advance: { clock.advance(by: $0) }, wallClock: { clock.date },
            jumpWallClock: { clock.jumpWallClock(by: $0) },
            simulateDeath: { incarnation in handles.simulateDeath(of: incarnation) },
            alterPayload: { try await ForeignHands.alter($0, to: $1, in: engine) },
            plantForeign: { try await ForeignHands.plant(in: engine) },
            dispose: {
                try await engine.close()
                try dispose()
            })
    }
}
