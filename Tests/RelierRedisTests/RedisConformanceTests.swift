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
        try await EngineConformance { try await RedisStage.make(.standalone, handles: 1) }.run(check)
    }

    @Test("standalone, through two handles", .serialized, .timeLimit(.minutes(5)), arguments: checks)
    func twoHandles(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(.standalone, handles: 2) }.run(check)
    }

    @Test("over TLS, as a user with few rights", .serialized, .timeLimit(.minutes(5)), arguments: checks)
    func limitedUser(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(.limitedUserOverTLS, handles: 1) }.run(check)
    }

    @Test("behind Sentinel, with a replica", .serialized, .timeLimit(.minutes(5)), arguments: checks)
    func sentinel(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(.sentinel, handles: 1) }.run(check)
    }

    @Test(
        "four partitions, through two handles", .serialized, .timeLimit(.minutes(5)),
        arguments: EngineConformance.checks(without: [.noticesDeath, .keepsOrder]))
    func fourPartitions(check: EngineConformance.Check) async throws {
        try await EngineConformance { try await RedisStage.make(.fourPartitions, handles: 2) }.run(check)
    }
}

/// Engines on servers whose clocks the suite moves, each check in a namespace of its own.
enum RedisStage {
    static func make(_ place: RedisPlace, handles count: Int) async throws -> EngineUnderTest {
        let options = place.options(namespace: "\(RedisPlace.prefix)check-\(UUID().uuidString)")
        let engine = try await place.engine(options)
        let openAnother: @Sendable () async throws -> any Engine = { try await place.engine(options) }
        return EngineUnderTest(
            engine: engine, retention: options.retention, openAnother: count == 1 ? nil : openAnother,
            advance: { try await engine.moveClocks(engine: $0, wall: $0) }, wallClock: { try await engine.wallClock() },
            jumpWallClock: { try await engine.moveClocks(engine: .zero, wall: $0) },
            alterPayload: { try await ForeignHands.alter($0, to: $1, in: engine) },
            plantForeign: { try await ForeignHands.plant(in: engine) }, keepsOrder: place != .fourPartitions,
            dispose: { try await engine.close() })
    }
}
