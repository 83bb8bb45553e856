import Foundation
import NIOCore
import NIOPosix
import RelierTesting
import Testing

@testable import RESP

@Suite struct FailureTests {
    private let ping = RESPCommand("PING")

    private func send(_ client: RESPClient, _ command: RESPCommand, timeout: Duration? = nil) async -> Result<RESPValue, RESPError> {
        do throws(RESPError) { return .success(try await client.send(command, timeout: timeout)) } catch { return .failure(error) }
    }

    @Test func refusedIsNeverSentWithinTheConnectTimeout() async throws {
        let port = try LoopbackPort.free()
        let client = try RESPClient(RESPEndpoint(port: port), options: .patient(connect: .milliseconds(300)))
        let start = ContinuousClock.now
        let error = await respError { () async throws(RESPError) in _ = try await client.send(ping) }
        #expect(error?.code == .neverSent)
        #expect((error?.cause as? RESPError)?.code == .connectFailed)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        #expect(error?.message.contains("refused") == true)
        #expect(ContinuousClock.now - start < .seconds(25))
        await client.close()
    }

    @Test func anUnknownNameIsNeverSent() async throws {
        let client = try RESPClient(RESPEndpoint(host: "no-such-host.invalid"), options: .patient(connect: .milliseconds(500)))
        let error = await respError { () async throws(RESPError) in _ = try await client.send(ping) }
        #expect(error?.code == .neverSent)
        await client.close()
    }

    @Test func aServerThatNeverGreetsIsNeverSent() async throws {
        let server = try await FakeServer(greets: false) { _, _ in .nothing }
        let client = try RESPClient(server.endpoint, options: .patient(connect: .milliseconds(200)))
        let error = await respError { () async throws(RESPError) in _ = try await client.send(ping) }
        #expect(error?.code == .neverSent)
        await client.close()
    }

    @Test func aCutInMidReplyIsOutcomeUnknown() async throws {
        let server = try await FakeServer { words, number in
            words[0] == "GET" && number < 2 ? (number == 0 ? .nothing : .cut("$10\r\n01234")) : .reply("+PONG\r\n")
        }
        let client = try RESPClient(server.endpoint, options: .patient())
        async let first = send(client, RESPCommand("GET", "a"))
        async let second = send(client, RESPCommand("GET", "b"))
        for outcome in await [first, second] {
            guard case .failure(let error) = outcome else { throw Failure("\(outcome)") }
            #expect(error.code == .outcomeUnknown)
            #expect(error.mayHaveRun)
        }
        #expect(try await client.send(ping).string == "PONG")
        #expect(server.connections == 2)
        await client.close()
    }

    @Test func aServerThatTurnedReplicaIsLeftForWhoeverHasItsNameNow() async throws {
        let server = try await FakeServer { words, number in
            number == 0 ? .reply("-READONLY You can't write against a read only replica.\r\n") : .reply("+OK\r\n")
        }
        let client = try RESPClient(server.endpoint, options: .patient())
        guard case .failure(let error) = await send(client, RESPCommand("SET", "a", "1")) else { throw Failure("it was written") }
        #expect(error.server?.prefix == .readOnly)
        #expect(try await client.send(RESPCommand("SET", "a", "1")).string == "OK")
        #expect(server.connections == 2)
        await client.close()
    }

    @Test func nonsenseEndsTheConnection() async throws {
        let server = try await FakeServer { _, number in .reply(number == 0 ? "nonsense\r\n" : "+PONG\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient())
        let error = await respError { () async throws(RESPError) in _ = try await client.send(ping) }
        #expect(error?.code == .outcomeUnknown)
        #expect((error?.cause as? RESPError)?.code == .protocolViolation)
        #expect(try await client.send(ping).string == "PONG")
        await client.close()
    }

    @Test func aReplyNobodyAskedForEndsTheConnection() async throws {
        let server = try await FakeServer { _, number in .reply(number == 0 ? "+PONG\r\n+PONG\r\n" : "+PONG\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient())
        #expect(try await client.send(ping).string == "PONG")
        try await eventually("a second connection") {
            let reply = try await client.send(ping)
            #expect(reply.string == "PONG")
            return server.connections == 2
        }
        await client.close()
    }

    @Test func pushesInBetweenAreNoReplies() async throws {
        let server = try await FakeServer { _, _ in .reply(">2\r\n+invalidate\r\n*0\r\n+PONG\r\n>1\r\n+x\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient())
        for _ in 0..<10 { #expect(try await client.send(ping).string == "PONG") }
        #expect(server.connections == 1)
        await client.close()
    }

    @Test func aShortDeadlineDisturbsNobody() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let slow = RESPCommand("EVAL", "local n = 0 for i = 1, 40000000 do n = n + 1 end return n", "0")
        async let other = send(client, slow)
        let error = await respError { () async throws(RESPError) in _ = try await client.send(slow, timeout: .milliseconds(20)) }
        #expect(error?.code == .timedOut || error?.code == .neverSent)
        let replies = await withTaskGroup(of: String?.self) { group in
            for number in 0..<100 {
                group.addTask { try? await send(client, RESPCommand("ECHO", "\(number)"), timeout: .seconds(30)).get().string }
            }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(replies == Set((0..<100).map { "\($0)" }))
        #expect(try await other.get().integer == 40_000_000)
        #expect((try await client.send(RESPCommand("INFO", "stats")).string ?? "").contains("total_connections_received:2"))
        await client.close()
    }

    @Test func aBlackHoleIsLeftWithinTheSilenceTimeout() async throws {
        let server = try await FakeServer { words, _ in words[0] == "GET" ? .nothing : .reply("+PONG\r\n") }
        let client = try RESPClient(
            server.endpoint, options: .patient(connect: .seconds(20), command: .seconds(60), silence: .seconds(1)))
        try await eventually("it is connected") { (try? await client.send(ping))?.string == "PONG" }
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let outcome = await send(client, RESPCommand("GET", "a"), timeout: number == 0 ? .milliseconds(100) : nil)
                    guard case .failure(let error) = outcome else {
                        Issue.record("answered")
                        return
                    }
                    #expect(number == 0 || error.code == .outcomeUnknown)
                    #expect(error.code != .server)
                }
            }
        }
        #expect(ContinuousClock.now - start < .seconds(25))
        try await eventually("it is connected again") { (try? await client.send(ping))?.string == "PONG" }
        #expect(server.connections >= 2)
        await client.close()
    }

    @Test func aCommandsOwnTimeoutFindsTheBlackHoleToo() async throws {
        let server = try await FakeServer { words, _ in words[0] == "GET" ? .nothing : .reply("+PONG\r\n") }
        let client = try RESPClient(
            server.endpoint, options: .patient(connect: .seconds(20), command: .seconds(1), silence: .seconds(1)))
        try await eventually("it is connected") { (try? await client.send(ping, timeout: .seconds(60)))?.string == "PONG" }
        let before = server.connections
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("GET", "a")) }
        #expect(error?.code == .timedOut || error?.code == .outcomeUnknown)
        try await eventually("it is connected again") { (try? await client.send(ping, timeout: .seconds(60)))?.string == "PONG" }
        #expect(server.connections > before)
        await client.close()
    }

    @Test func cancelledCallersDisturbNobody() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        _ = try await client.send(ping)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    if number.isMultiple(of: 2) {
                        let reply = try await client.send(RESPCommand("ECHO", "\(number)"))
                        #expect(reply.integer == number)
                    } else {
                        let task = Task { await send(client, RESPCommand("ECHO", "\(number)")) }
                        if number.isMultiple(of: 3) { await Task.yield() }
                        task.cancel()
                        switch await task.value {
                        case .success(let value): #expect(value.integer == number)
                        case .failure(let error):
                            #expect(error.isCancellation)
                            #expect(error.code == .neverSent || error.code == .outcomeUnknown)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect((try await client.send(RESPCommand("INFO", "stats")).string ?? "").contains("total_connections_received:2"))
        await client.close()
    }

    @Test func aCancelledCallerReturnsAtOnce() async throws {
        let server = try await FakeServer { words, _ in words[0] == "PING" ? .nothing : .reply(":1\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient(command: .seconds(60), silence: .seconds(60)))
        let task = Task { await send(client, ping) }
        try await eventually("the command arrives") { server.commands.count == 1 }
        task.cancel()
        guard case .failure(let error) = await task.value else { throw Failure("answered") }
        #expect(error.code == .outcomeUnknown)
        #expect(error.isCancellation)
        // Its late reply is discarded, and the next one belongs to the next command.
        server.push("+late\r\n")
        #expect(try await client.send(RESPCommand("INCR", "a")).integer == 1)
        #expect(server.connections == 1)
        await client.close()
    }

    @Test func aShieldedCallGoesOnWhenItsCallerIsCancelled() async throws {
        let server = try await FakeServer { words, _ in ["PING", "INCR"].contains(words[0]) ? .nothing : .reply(":1\r\n") }
        let client = try RESPClient(server.endpoint, options: .patient(command: .seconds(60), silence: .seconds(60)))
        let sent = Task { try await client.send(ping, timeout: nil, isShielded: true).string }
        try await eventually("the command arrives") { server.commands.count == 1 }
        sent.cancel()
        let next = Task { try await client.send(RESPCommand("INCR", "a"), timeout: nil, isShielded: true).integer }
        next.cancel()
        try await eventually("the next command arrives, though its caller was cancelled before") { server.commands.count == 2 }
        server.push("+late\r\n:7\r\n")
        #expect(try await sent.value == "late")
        #expect(try await next.value == 7)
        await client.close()
    }

    @Test func aCommandCancelledBeforeItIsWrittenIsDropped() async throws {
        let port = try LoopbackPort.free()
        let client = try RESPClient(RESPEndpoint(port: port), options: .patient(connect: .seconds(60)))
        let task = Task { await send(client, RESPCommand("SET", "dropped", "1")) }
        async let kept = send(client, RESPCommand("SET", "kept", "1"))
        task.cancel()
        guard case .failure(let error) = await task.value else { throw Failure("answered") }
        #expect(error.code == .neverSent)
        let server = try await RedisServer([], port: port)
        #expect(try await kept.get().string == "OK")
        #expect(try await client.send(RESPCommand("EXISTS", "kept", "dropped")).integer == 1)
        await client.close()
        server.kill()
    }

    @Test func aPauseOfThisProcessIsNoOutage() async throws {
        let server = try await RedisServer()
        var options = RESPClientOptions.patient(connect: .milliseconds(200))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        options.eventLoopGroup = group
        let client = try RESPClient(server.endpoint, options: options)
        try await eventually("it is connected") { (try? await client.send(ping))?.string == "PONG" }
        group.next().execute { Thread.sleep(forTimeInterval: 0.5) }  // waits: the pause that is tested, longer than a command waits
        #expect(try await client.send(ping).string == "PONG")
        await client.close()
        try await group.shutdownGracefully()
    }

    @Test func reconnectsAfterARestart() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient(connect: .seconds(20), command: .seconds(30)))
        _ = try await client.send(ping)
        server.kill()
        let waiting = Task {
            // Whether the cut or the command is first is the kernel's choice; a command written into the cut is unknown, the next one waits.
            let first = await send(client, ping)
            guard case .failure(let error) = first, error.code == .outcomeUnknown else { return first }
            return await send(client, ping)
        }
        try await server.start()
        #expect(try await waiting.value.get().string == "PONG")
        #expect(try await client.send(ping).string == "PONG")
        await client.close()
    }

    @Test func aKilledConnectionIsReplaced() async throws {
        let server = try await RedisServer()
        let client = try RESPClient(server.endpoint, options: .patient())
        let killer = try RESPClient(server.endpoint, options: .patient())
        for _ in 0..<5 {
            let id = try await client.send(RESPCommand("CLIENT", "ID")).integer ?? 0
            _ = try await killer.send(RESPCommand("CLIENT", "KILL", "ID", "\(id)"))
            try await eventually("a new connection") {
                let outcome = await send(client, RESPCommand("CLIENT", "ID"))
                return (try? outcome.get().integer).map { $0 != id } ?? false
            }
        }
        await client.close()
        await killer.close()
    }
}
