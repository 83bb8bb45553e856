import Foundation
import Relier
import RelierRedis
import RelierTesting
import Testing

@Suite("The engine's contract on Redis")
struct RedisConformanceTests {
    static let checks = EngineConformance.checks(without: [.noticesDeath])

    @Test("standalone, through one handle", .serialized, .timeLimit(.minutes(5)), arguments: checks)
    func oneHandle(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(handles: 1) }.run(check)
    }

    @Test("standalone, through two handles", .serialized, .timeLimit(.minutes(5)), arguments: checks)
    func twoHandles(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(handles: 2) }.run(check)
    }

    @Test(
        "standalone, four partitions, through two handles", .serialized, .timeLimit(.minutes(5)),
        arguments: EngineConformance.checks(without: [.noticesDeath, .keepsOrder]))
    func fourPartitions(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(handles: 2, partitions: 4) }.run(check)
    }
}

/// Engines on a server whose clocks the suite moves, each check in a namespace of its own.
enum RedisStage {
    static func make(handles count: Int, partitions: Int = 1) async throws -> EngineUnderTest {
        let server = try await RedisServer.shared.value
        var options = RedisOptions(
            namespace: "check-\(UUID().uuidString)", retention: Retention(history: .minutes(20)), partitions: partitions)
        options.movesClocks = true
        let settled = options
        let engine = try await RedisEngine.connect(server.url, options: settled)
        let openAnother: @Sendable () async throws -> any Engine = { try RedisEngine(server.url, options: settled) }
        return EngineUnderTest(
            engine: engine, retention: settled.retention, openAnother: count == 1 ? nil : openAnother,
            advance: { try await engine.moveClocks(engine: $0, wall: $0) }, wallClock: { try await engine.wallClock() },
            jumpWallClock: { try await engine.moveClocks(engine: .zero, wall: $0) },
            alterPayload: { try await ForeignHands.alter($0, to: $1, in: engine) },
            plantForeign: { try await ForeignHands.plant(in: engine) }, keepsOrder: partitions == 1, dispose: { try await engine.close() })
    }
}
