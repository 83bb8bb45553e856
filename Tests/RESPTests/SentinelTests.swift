import Foundation
import NIOCore
import RelierTesting
import Testing

@testable import RESP

@Suite(.serialized) struct SentinelTests {
    private func role(_ client: RESPClient) async throws -> String? {
        try await client.send(RESPCommand("ROLE")).elements?.first?.string
    }

    private struct Scene {
        let first: RedisServer
        let second: RedisServer
        let sentinel: RedisServer
        let client: RESPClient
    }

    private func scene() async throws -> Scene {
        let first = try await RedisServer()
        let second = try await RedisServer(.init(master: first.port))
        let direct = try RESPClient(first.endpoint, options: .patient())
        try await eventually("the replica is in step") {
            (try await direct.send(RESPCommand("INFO", "replication")).string ?? "").contains("state=online")
        }
        await direct.close()
        let sentinel = try await RedisServer(.sentinel(of: first.port, name: "m"))
        let asked = try RESPClient(sentinel.endpoint, options: .patient())
        try await eventually("the sentinel knows the replica") {
            try await asked.send(RESPCommand("SENTINEL", "REPLICAS", "m")).elements?.count == 1
        }
        await asked.close()
        // The first of the sentinels is not there.
        let nodes = [RESPEndpoint.Address.host("127.0.0.1", port: try LoopbackPort.free()), sentinel.endpoint.address]
        var options = RESPClientOptions.patient(connect: .seconds(20), command: .seconds(30), silence: .seconds(5))
        options.connections = 2
        let client = try RESPClient(RESPSentinel(masterName: "m", nodes: nodes), options: options)
        return Scene(first: first, second: second, sentinel: sentinel, client: client)
    }

    private func port(_ client: RESPClient) async throws -> Int? {
        try await client.send(RESPCommand("CONFIG", "GET", "port"))["port"]?.integer
    }

    @Test(.timeLimit(.minutes(2))) func followsToTheNewMasterWhenTheOldOneDies() async throws {
        let scene = try await scene()
        let client = scene.client
        #expect(try await port(client) == scene.first.port)
        let subscription = try await client.subscribe(to: ["a"])
        scene.first.kill()
        try await eventually("writes go to the new master", within: .seconds(60)) {
            for _ in 0..<4 {
                let outcome = try? await client.send(RESPCommand("SET", "a", "1"))
                guard outcome?.string == "OK" else { return false }
            }
            return true
        }
        try await eventually("both connections are there") { (try? await port(client)) == scene.second.port }
        var events = subscription.makeAsyncIterator()
        #expect(await events.next() == .resubscribed)
        #expect(try await client.send(RESPCommand("PUBLISH", "a", "x")).integer == 1)
        #expect(await events.next() == .message(channel: "a", payload: ByteBuffer(string: "x")))
        await client.close()
    }

    @Test(.timeLimit(.minutes(2))) func followsAPlannedFailover() async throws {
        let scene = try await scene()
        let client = scene.client
        #expect(try await port(client) == scene.first.port)
        let asked = try RESPClient(scene.sentinel.endpoint, options: .patient())
        _ = try await asked.send(RESPCommand("SENTINEL", "FAILOVER", "m"))
        try await eventually("writes go to the new master", within: .seconds(60)) {
            let outcome = try? await client.send(RESPCommand("SET", "a", "1"))
            guard outcome?.string == "OK" else { return false }
            return (try? await port(client)) == scene.second.port
        }
        try await eventually("both connections are there") {
            for _ in 0..<20 where (try? await client.send(RESPCommand("SET", "a", "1")))?.string != "OK" { return false }
            return true
        }
        await asked.close()
        await client.close()
    }

    /// A server that is what it says it is.
    private func fake(_ role: String) async throws -> FakeServer {
        try await FakeServer { words, _ in
            switch words[0] {
            case "ROLE": .reply("*1\r\n+\(role)\r\n")
            case "SET" where role == "turned": .reply("-READONLY You can't write against a read only replica.\r\n")
            default: .reply("+OK\r\n")
            }
        }
    }

    private func fakeSentinel(naming ports: [Int]) async throws -> FakeServer {
        let asked = Countdown(ports.count)
        return try await FakeServer { words, _ in
            if words[0] == "SUBSCRIBE" { return .reply(">3\r\n+subscribe\r\n+x\r\n:1\r\n") }
            let port = ports.count > 1 && !asked.arrive() ? ports[0] : ports[ports.count - 1]
            return .reply("*2\r\n+127.0.0.1\r\n+\(port)\r\n")
        }
    }

    @Test func aSentinelThatNamesAReplicaIsNotBelieved() async throws {
        let (replica, master) = (try await fake("slave"), try await fake("master"))
        let (wrong, right) = (try await fakeSentinel(naming: [replica.port]), try await fakeSentinel(naming: [master.port]))
        let client = try RESPClient(
            RESPSentinel(masterName: "m", nodes: [wrong.endpoint.address, right.endpoint.address]), options: .patient(connect: .seconds(20))
        )
        #expect(try await client.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20)).string == "OK")
        #expect(replica.commands.allSatisfy { $0[0] == "ROLE" })
        #expect(master.commands.contains { $0[0] == "SET" })
        await client.close()
    }

    @Test func withoutASentinelItSaysWhatEachAnswered() async throws {
        let ports = [try LoopbackPort.free(), try LoopbackPort.free()]
        let client = try RESPClient(
            RESPSentinel(masterName: "m", nodes: ports.map { .host("127.0.0.1", port: $0) }), options: .patient(connect: .seconds(3)))
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("PING")) }
        #expect(error?.code == .neverSent)
        for port in ports { #expect(error?.message.contains("127.0.0.1:\(port) failed") == true) }
        await client.close()
    }

    @Test func anAnnouncementIsFollowedWhileTheOldMasterStillAnswers() async throws {
        let (old, new) = (try await fake("master"), try await fake("master"))
        let sentinel = try await fakeSentinel(naming: [old.port])
        let client = try RESPClient(
            RESPSentinel(masterName: "m", nodes: [sentinel.endpoint.address]), options: .patient(connect: .seconds(20)))
        #expect(try await client.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20)).string == "OK")
        try await eventually("the sentinel is listened to") { sentinel.commands.contains { $0[0] == "SUBSCRIBE" } }
        let before = old.connections
        let message = "m 127.0.0.1 \(old.port) 127.0.0.1 \(new.port)"
        sentinel.push(">3\r\n+message\r\n++switch-master\r\n+\(message)\r\n")
        // This sentinel goes on naming the old one, so the client comes back there: a new connection shows that it left.
        try await eventually("the client left the old connection") {
            // One that was under way when the client left has an unknown outcome.
            _ = try? await client.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20))
            return old.connections > before
        }
        await client.close()
    }

    @Test func readOnlyMakesItAskAgain() async throws {
        let turned = try await FakeServer { words, _ in
            switch words[0] {
            case "ROLE": .reply("*1\r\n+master\r\n")
            default: .reply("-READONLY You can't write against a read only replica.\r\n")
            }
        }
        let master = try await fake("master")
        let named = NamedPort(turned.port)
        let sentinel = try await FakeServer { words, _ in
            words[0] == "SUBSCRIBE"
                ? .reply(">3\r\n+subscribe\r\n+x\r\n:1\r\n") : .reply("*2\r\n+127.0.0.1\r\n+\(named.value)\r\n")
        }
        let client = try RESPClient(
            RESPSentinel(masterName: "m", nodes: [sentinel.endpoint.address]), options: .patient(connect: .seconds(20)))
        // The watch asks too; let it be over, so that only the answer below can make the client move.
        _ = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20)) }
        named.value = master.port
        try await eventually("the write is accepted") {
            (try? await client.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20)))?.string == "OK"
        }
        await client.close()
    }
}
