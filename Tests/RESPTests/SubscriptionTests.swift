import NIOCore
import RelierTesting
import Testing

@testable import RESP

@Suite struct SubscriptionTests {
    private func message(_ channel: String, _ text: String, pattern: String? = nil) -> RESPSubscriptionEvent {
        .message(channel: channel, payload: ByteBuffer(string: text), pattern: pattern)
    }

    @Test func messagesArrive() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let subscription = try await client.subscribe(to: ["a", "b"], patterns: ["p*"])
        for (channel, text) in [("a", "1"), ("other", "2"), ("b", "3"), ("pq", "4")] {
            _ = try await client.send(RESPCommand("PUBLISH", channel, text))
        }
        var events = subscription.makeAsyncIterator()
        #expect(await events.next() == message("a", "1"))
        #expect(await events.next() == message("b", "3"))
        #expect(await events.next() == message("pq", "4", pattern: "p*"))
        try await subscription.add(["c"])
        try await subscription.remove(["a"])
        #expect(try await client.send(RESPCommand("PUBLISH", "a", "5")).integer == 0)
        #expect(try await client.send(RESPCommand("PUBLISH", "c", "6")).integer == 1)
        #expect(await events.next() == message("c", "6"))
        await subscription.close()
        #expect(await events.next() == nil)
        await client.close()
    }

    @Test func aNewConnectionSubscribesAgainAndSaysSo() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let subscription = try await client.subscribe(to: ["a", "b", "c"], patterns: ["p*"])
        server.kill()
        try await server.start()
        var events = subscription.makeAsyncIterator()
        #expect(await events.next() == .resubscribed)
        try await eventually("its commands arrive, too") { (try? await client.send(RESPCommand("PING")))?.string == "PONG" }
        for channel in ["a", "b", "c", "p1"] {
            #expect(try await client.send(RESPCommand("PUBLISH", channel, channel)).integer == 1)
            #expect(await events.next() == message(channel, channel, pattern: channel == "p1" ? "p*" : nil))
        }
        await client.close()
        #expect(await events.next() == nil)
    }

    @Test func aSlowConsumerLosesTheOldestAndIsTold() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let subscription = try await client.subscribe(to: ["a"], buffer: 3)
        for number in 0..<10 { _ = try await client.send(RESPCommand("PUBLISH", "a", "\(number)")) }
        // The last message has come when its fellow on the same connection is confirmed.
        try await subscription.add(["b"])
        var events = subscription.makeAsyncIterator()
        #expect(await events.next() == .dropped(7))
        for number in 7..<10 { #expect(await events.next() == message("a", "\(number)")) }
        await client.close()
    }

    @Test func aRefusalIsThrown() async throws {
        let server = try await RedisServer(["user default on nopass ~* resetchannels &yes +@all"])
        let client = try RESPClient(server.endpoint, options: .patient())
        let error = await respError { () async throws(RESPError) in _ = try await client.subscribe(to: ["yes", "no"]) }
        #expect(error?.server?.prefix == .noPerm)
        #expect(error?.message.contains("SUBSCRIBE") == true)
        await client.close()
    }

    @Test func withoutAServerItIsNeverSent() async throws {
        let client = try RESPClient(RESPEndpoint(port: try LoopbackPort.free()), options: .patient(connect: .milliseconds(200)))
        let error = await respError { () async throws(RESPError) in _ = try await client.subscribe(to: ["a"]) }
        #expect(error?.code == .neverSent)
        await client.close()
    }

    @Test func oneThatIsLetGoCloses() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        var subscription: RESPSubscription? = try await client.subscribe(to: ["a"])
        #expect(try await client.send(RESPCommand("PUBLISH", "a", "x")).integer == 1)
        _ = subscription
        subscription = nil
        try await eventually("nobody listens") { try await client.send(RESPCommand("PUBLISH", "a", "x")).integer == 0 }
        await client.close()
    }

    @Test func aCancelledConsumerEnds() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let subscription = try await client.subscribe(to: ["a"])
        let consumer = Task {
            var count = 0
            for await _ in subscription { count += 1 }
            return count
        }
        _ = try await client.send(RESPCommand("PUBLISH", "a", "x"))
        consumer.cancel()
        #expect(await consumer.value <= 1)
        await client.close()
    }

    @Test func manyConnectionsLostInARow() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let subscription = try await client.subscribe(to: ["a"])
        var events = subscription.makeAsyncIterator()
        for round in 0..<10 {
            _ = try await client.send(RESPCommand("CLIENT", "KILL", "TYPE", "pubsub"))
            #expect(await events.next() == .resubscribed)
            _ = try await client.send(RESPCommand("PUBLISH", "a", "\(round)"))
            #expect(await events.next() == message("a", "\(round)"))
        }
        await client.close()
    }
}
