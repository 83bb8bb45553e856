import Foundation
import Relier
import RelierRedis
import RelierTesting
import Testing

@Suite("What a server must be", .serialized)
struct ServerCheckTests {
    private func refusal(_ url: String, _ options: RedisOptions = RedisOptions()) async -> EngineError? {
        do throws(EngineError) {
            try await RedisEngine.connect(url, options: options).close()
            return nil
        } catch {
            return error
        }
    }

    @Test("a server that may evict is refused, unless that is allowed")
    func eviction() async throws {
        let server = try await RedisServer(["maxmemory-policy allkeys-lru"])
        defer { server.stop() }
        let error = try #require(await refusal(server.url))
        #expect(error.message.contains("allkeys-lru") && error.message.contains("noeviction"))
        #expect(!error.message.contains("\n"))
        #expect(await refusal(server.url, RedisOptions(allowsEviction: true)) == nil)
    }

    @Test("a server that keeps nothing on disk is refused, unless that is allowed")
    func persistence() async throws {
        let server = try await RedisServer(.init(append: .off))
        defer { server.stop() }
        let error = try #require(await refusal(server.url))
        #expect(error.message.contains("appendonly yes"))
        #expect(await refusal(server.url, RedisOptions(allowsNoPersistence: true)) == nil)
    }

    @Test("a replica is refused")
    func replica() async throws {
        let master = try await RedisServer()
        defer { master.stop() }
        let replica = try await RedisServer(.init(master: master.port))
        defer { replica.stop() }
        let error = try #require(await refusal(replica.url))
        #expect(error.message.contains("replica") || error.message.contains("reading its data"))
    }

    @Test("nobody there: unavailable, in time, in one line that says where")
    func nobody() async throws {
        let start = ContinuousClock.now
        let error = try #require(await refusal("redis://127.0.0.1:1"))
        #expect(error.code == .unavailable)
        #expect(error.message.contains("127.0.0.1:1") && !error.message.contains("\n"))
        #expect(start.duration(to: .now) < .seconds(4))
    }

    @Test("a wrong password is named without being shown")
    func password() async throws {
        let server = try await RedisServer(["requirepass s3cret"])
        defer { server.stop() }
        let wrong = try #require(await refusal("redis://:guess@127.0.0.1:\(server.port)"))
        #expect(!wrong.message.contains("guess"))
        #expect(wrong.message.contains("password"))
        let none = try #require(await refusal(server.url))
        #expect(none.message.contains("password"))
        #expect(await refusal("redis://:s3cret@127.0.0.1:\(server.port)") == nil)
    }

    @Test("a user without rights is told what is missing")
    func permissions() async throws {
        let server = try await RedisServer(["user weak on >pw ~* &* +@all -eval -evalsha"])
        defer { server.stop() }
        let engine = try await RedisEngine.connect("redis://weak:pw@127.0.0.1:\(server.port)")
        let error = await #expect(throws: EngineError.self) { _ = try await engine.now() }
        #expect(error?.message.contains("does not allow") == true)
        try await engine.close()
    }

    @Test("a namespace that cannot be is refused", arguments: ["", "a{b}", "a b", "ä"])
    func namespace(_ name: String) throws {
        #expect(throws: EngineError.self) { _ = try RedisEngine("redis://", options: RedisOptions(namespace: name)) }
    }
}
