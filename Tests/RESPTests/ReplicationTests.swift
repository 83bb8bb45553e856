import Foundation
import NIOCore
import RelierTesting
import Testing

@testable import RESP

@Suite struct ReplicationTests {
    @Test func repliesComeOnceReplicasHaveIt() async throws {
        let master = try await RedisServer()
        let replica = try await RedisServer(.init(master: master.port))
        let client = try RESPClient(master.endpoint, options: .patient(connect: .seconds(10), command: .seconds(20)))
        try await eventually("the replica is in step") {
            (try await client.send(RESPCommand("INFO", "replication")).string ?? "").contains("state=online")
        }
        let sender = client.replicated(to: 1, within: .seconds(10))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let reply = try await sender.send(RESPCommand("INCRBY", "n", "1"), timeout: .seconds(20))
                    #expect(reply.integer != nil, "\(number)")
                }
            }
            try await group.waitForAll()
        }
        let reader = try RESPClient(replica.endpoint, options: .patient())
        #expect(try await reader.send(RESPCommand("GET", "n")).integer == 500)
        let stats = try await client.send(RESPCommand("INFO", "commandstats")).string ?? ""
        let waits = stats.split(separator: "cmdstat_wait:calls=").last?.prefix { $0.isNumber }
        #expect(try #require(waits.flatMap { Int($0) }) < 400)

        let refused = await respError { () async throws(RESPError) in _ = try await sender.send(RESPCommand("GET")) }
        #expect(refused?.server?.prefix == .err)

        let script = RESPScript("one", source: "return redis.call('SET', KEYS[1], ARGV[1])")
        var call = script.call(keys: "s")
        call.append("x")
        #expect(try await sender.run(call, timeout: .seconds(20)).string == "OK")

        // A replica that stands still: done here, unknown there.
        replica.signal(SIGSTOP)
        defer { replica.signal(SIGCONT) }
        let impatient = client.replicated(to: 1, within: .milliseconds(200))
        let error = await respError { () async throws(RESPError) in
            _ = try await impatient.send(RESPCommand("SET", "a", "1"), timeout: .seconds(20))
        }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.message.contains("0 of 1 replicas have it after 200 ms") == true)
        #expect(try await client.send(RESPCommand("GET", "a")).string == "1")
        await reader.close()
        await client.close()
    }

    @Test func withoutAReplicaItIsUnknown() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let sender = client.replicated(to: 1, within: .milliseconds(50))
        let error = await respError { () async throws(RESPError) in _ = try await sender.send(RESPCommand("SET", "a", "1")) }
        #expect(error?.code == .outcomeUnknown)
        await client.close()
    }

    @Test func aCutBeforeTheConfirmationIsUnknown() async throws {
        let server = try await FakeServer { words, _ in words[0] == "WAIT" ? .close : .reply("+OK\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient())
        let sender = client.replicated(to: 1, within: .seconds(5))
        let error = await respError { () async throws(RESPError) in _ = try await sender.send(RESPCommand("SET", "a", "1")) }
        #expect(error?.code == .outcomeUnknown)
        await client.close()
    }

    @Test func theNextFlushWaitsForTheConfirmation() async throws {
        let server = try await FakeServer { words, _ in words[0] == "WAIT" ? .nothing : .reply("+OK\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient(connect: .seconds(30), command: .seconds(30), silence: .seconds(30)))
        let sender = client.replicated(to: 1, within: .seconds(5))
        let first = Task { try await sender.send(RESPCommand("SET", "first", "1")).string }
        try await eventually("the first flush is there") { server.commands.last?.first == "WAIT" }
        let rest = (0..<3).map { number in Task { try await sender.send(RESPCommand("SET", "\(number)", "1")).string } }
        server.push(":1\r\n")
        #expect(try await first.value == "OK")
        try await eventually("a second flush") { server.commands.count > 3 && server.commands.last?.first == "WAIT" }
        while server.commands.count(where: { $0[0] == "SET" }) < 4 {
            let count = server.commands.count
            server.push(":1\r\n")
            try await eventually("the next flush") { server.commands.count > count && server.commands.last?.first == "WAIT" }
        }
        server.push(":1\r\n")
        for task in rest { #expect(try await task.value == "OK") }
        #expect(server.commands[0][0] == "SET" && server.commands[1][0] == "WAIT")
        await client.close()
    }

    @Test func aHeldReplyKeepsItsDeadline() {
        var group = ReplicationGroup<Int, String>()
        let now = NIODeadline.now()
        group.hold(1, reply: "a", deadline: now + .seconds(2))
        group.hold(2, reply: "b", deadline: now + .seconds(1))
        #expect(group.earliest == now + .seconds(1))
        #expect(group.expire(now: now).isEmpty)
        #expect(group.expire(now: now + .seconds(1)) == [2])
        #expect(group.earliest == now + .seconds(2))
        #expect(group.release().map(\.token) == [1])
        #expect(group.isEmpty)
        #expect(group.earliest == .distantFuture)
    }
}
