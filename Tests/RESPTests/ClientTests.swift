import Foundation
import NIOCore
import RelierTesting
import Testing

@testable import RESP

@Suite struct ClientTests {
    let server: RedisServer

    init() async throws { server = try await RedisServer() }

    @Test func sendsAndReceives() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        #expect(try await client.send(RESPCommand("SET", "a", "1")).string == "OK")
        #expect(try await client.send(RESPCommand("GET", "a")) == .bulk("1"))
        #expect(try await client.send(RESPCommand("GET", "b")).isNull)
        #expect(try await client.send(RESPCommand("HELLO"))["proto"] == .integer(3))
        await client.close()
    }

    @Test func anErrorOfTheServerIsThrown() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("GET")) }
        #expect(error?.code == .server)
        #expect(error?.server?.prefix == .err)
        #expect(error?.mayHaveRun == false)
        #expect(error?.message.hasPrefix("127.0.0.1:\(server.port) answered GET with 'ERR wrong number") == true)
        _ = try await client.send(RESPCommand("SET", "a", "1"))
        let second = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("LPUSH", "a", "x")) }
        #expect(second?.server?.prefix == .wrongType)
        await client.close()
    }

    @Test(arguments: [1, 3]) func thousandsOfCallersGetTheirOwnReplies(connections: Int) async throws {
        var options = RESPClientOptions.patient()
        options.connections = connections
        let client = try RESPClient(server.endpoint, options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<4000 {
                group.addTask {
                    for round in 0..<3 {
                        let reply = try await client.send(RESPCommand("ECHO", "\(caller) \(round)"))
                        #expect(reply.string == "\(caller) \(round)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let clients = try await client.send(RESPCommand("CLIENT", "LIST")).string ?? ""
        #expect(clients.split(separator: "\n").count == connections)
        await client.close()
    }

    @Test func oneCallersCommandsAreInOrder() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<50 {
                group.addTask {
                    for number in 0..<50 { _ = try await client.send(RESPCommand("RPUSH", "list\(caller)", "\(number)")) }
                }
            }
            try await group.waitForAll()
        }
        for caller in 0..<50 {
            let list = try await client.send(RESPCommand("LRANGE", "list\(caller)", "0", "-1"))
            #expect(list.elements?.map(\.integer) == (0..<50).map { $0 })
        }
        await client.close()
    }

    @Test func aTurnLeavesInOneFlush() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        _ = try await client.send(RESPCommand("CONFIG", "RESETSTAT"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10_000 { group.addTask { _ = try? await client.send(RESPCommand("PING")) } }
        }
        let stats = try await client.send(RESPCommand("INFO", "stats")).string ?? ""
        let reads = stats.split(separator: "\r\n").first { $0.hasPrefix("total_reads_processed:") }?.split(separator: ":").last
        #expect(try #require(reads.flatMap { Int($0) }) < 5000)
        await client.close()
    }

    @Test func largeValuesPass() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        let bytes = (0..<20_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var set = RESPCommand("SET", "big")
        set.append(bytes: bytes)
        _ = try await client.send(set)
        #expect(try await client.send(RESPCommand("GET", "big")).bytes == bytes)
        let many = try await client.send(RESPCommand("EVAL", "local t = {} for i = 1, 200000 do t[i] = i end return t", "0"))
        #expect(many.elements?.count == 200_000)
        #expect(many.elements?.last == .integer(200_000))
        await client.close()
    }

    @Test func aReplyBeyondTheLimitEndsItsConnectionOnly() async throws {
        var options = RESPClientOptions.patient()
        options.limits.bulkLength = 1000
        let client = try RESPClient(server.endpoint, options: options)
        _ = try await client.send(RESPCommand("SETRANGE", "big", "2000", "x"))
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("GET", "big")) }
        #expect(error?.code == .outcomeUnknown)
        #expect((error?.cause as? RESPError)?.code == .protocolViolation)
        #expect(try await client.send(RESPCommand("PING")).string == "PONG")
        await client.close()
    }

    @Test func databaseAndNameAreSet() async throws {
        let url = "redis://127.0.0.1:\(server.port)/3?name=relier-test"
        let client = try RESPClient(try RESPEndpoint(url: url), options: .patient())
        let info = try await client.send(RESPCommand("CLIENT", "INFO")).string ?? ""
        #expect(info.contains(" name=relier-test "))
        #expect(info.contains(" db=3 "))
        #expect(info.contains(" resp=3"))
        await client.close()
        let wrong = try RESPClient(try RESPEndpoint(url: "redis://127.0.0.1:\(server.port)/99"), options: .patient())
        let error = await respError { () async throws(RESPError) in _ = try await wrong.send(RESPCommand("PING")) }
        #expect(error?.code == .neverSent)
        #expect(error?.message.contains("database 99 cannot be used") == true)
        await wrong.close()
    }

    @Test func aClosedClientSendsNothing() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        async let last = client.send(RESPCommand("EVAL", "local n = 0 for i = 1, 3000000 do n = n + i end return n", "0"))
        try await eventually("the script is sent") {
            // The script blocks the server: seen by the clock of a second connection, or already over.
            try await client.send(RESPCommand("PING")).string == "PONG"
        }
        await client.close()
        #expect(try await last.integer == 4_500_001_500_000)
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("PING")) }
        #expect(error?.code == .neverSent)
        #expect(error?.message.hasSuffix("the client was closed") == true)
        await client.close()
    }

    @Test func closingWaitsForRepliesThatAreOwed() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        _ = try await client.send(RESPCommand("PING"))
        let replies = (0..<100).map { number in Task { try await client.send(RESPCommand("ECHO", "\(number)")).integer } }
        var answered = 0
        await client.close()
        for reply in replies {
            do {
                if try await reply.value != nil { answered += 1 }
            } catch let error as RESPError {
                #expect(error.code == .neverSent)
            }
        }
        #expect(answered <= 100)
    }

    @Test func aClientThatIsLetGoCloses() async throws {
        let watcher = try RESPClient(server.endpoint, options: .patient())
        var client: RESPClient? = try RESPClient(server.endpoint, options: .patient())
        _ = try await client?.send(RESPCommand("PING"))
        client = nil
        try await eventually("one connection is left") {
            (try await watcher.send(RESPCommand("CLIENT", "LIST")).string ?? "").split(separator: "\n").count == 1
        }
        await watcher.close()
    }

    @Test func scriptsAreSentOnceAndAgainWhenTheyAreGone() async throws {
        let client = try RESPClient(server.endpoint, options: .patient())
        let script = RESPScript("add", source: "return redis.call('INCRBY', KEYS[1], ARGV[1])")
        var call = script.call(keys: "n")
        call.append(2)
        for total in stride(from: 2, through: 10, by: 2) {
            #expect(try await client.run(call).integer == total)
            if total == 6 { _ = try await client.send(RESPCommand("SCRIPT", "FLUSH")) }
        }
        let stats = try await client.send(RESPCommand("INFO", "commandstats")).string ?? ""
        #expect(stats.contains("cmdstat_eval:calls=2,"))
        #expect(stats.contains("cmdstat_evalsha:calls=5,"))
        try await client.load([script])
        #expect(try await client.send(RESPCommand("SCRIPT", "EXISTS", script.digest)).elements == [.integer(1)])
        let wrong = RESPScript("wrong", source: "return redis.error_reply('MINE it is')")
        let error = await respError { () async throws(RESPError) in _ = try await client.run(wrong.call(keys: [])) }
        #expect(error?.server == RESPServerError(prefix: .init(rawValue: "MINE"), message: "it is"))
        await client.close()
    }
}
