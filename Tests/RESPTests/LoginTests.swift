import Foundation
import RelierTesting
import Testing

@testable import RESP

@Suite struct LoginTests {
    private let whoAmI = RESPCommand("ACL", "WHOAMI")

    private func failure(_ endpoint: RESPEndpoint) async throws -> RESPError? {
        let client = try RESPClient(endpoint, options: .patient())
        let start = ContinuousClock.now
        let error = await respError { () async throws(RESPError) in _ = try await client.send(whoAmI) }
        // Waiting would change nothing.
        #expect(ContinuousClock.now - start < .seconds(25))
        await client.close()
        return error
    }

    @Test func usersLogIn() async throws {
        let server = try await RedisServer(["user default on >main ~* &* +@all", "user anna on >s3cr3t/@: ~* &* +@all"])
        let anna = try RESPEndpoint(url: "redis://anna:s3cr3t%2F%40%3A@127.0.0.1:\(server.port)")
        let client = try RESPClient(anna, options: .patient())
        #expect(try await client.send(whoAmI).string == "anna")
        await client.close()
        let standard = try RESPClient(try RESPEndpoint(url: "redis://:main@127.0.0.1:\(server.port)"), options: .patient())
        #expect(try await standard.send(whoAmI).string == "default")
        await standard.close()
    }

    @Test func wrongPasswordsAreToldAtOnceAndNotShown() async throws {
        let server = try await RedisServer(["user default on >main ~* &* +@all"])
        var endpoint = server.endpoint
        endpoint.user = "anna"
        endpoint.password = "geheim"
        let error = try await failure(endpoint)
        #expect(error?.code == .neverSent)
        #expect(error?.server?.prefix == .wrongPass)
        #expect(error?.message.contains("no login for user 'anna'") == true)
        #expect(error?.message.contains("geheim") == false)
        let none = try await failure(server.endpoint)
        #expect(none?.server?.prefix == .noAuth)
        #expect(none?.message.contains("a password is needed") == true)
    }

    @Test func whatAUserMayNotIsAnErrorOfTheServer() async throws {
        let server = try await RedisServer(["user bert on >b ~b:* &* +@all -flushall"])
        let client = try RESPClient(try RESPEndpoint(url: "redis://bert:b@127.0.0.1:\(server.port)"), options: .patient())
        let error = await respError { () async throws(RESPError) in _ = try await client.send(RESPCommand("FLUSHALL")) }
        #expect(error?.server?.prefix == .noPerm)
        await client.close()
    }

    @Test func aServerWithoutRESP3IsNamedSo() async throws {
        let server = try await FakeServer(greets: false) { _, _ in .reply("-ERR unknown command 'HELLO'\r\n") }
        let error = try await failure(server.endpoint)
        #expect(error?.code == .neverSent)
        #expect(error?.message.contains("does not speak RESP3") == true)
    }

    @Test func aUnixSocketWorks() async throws {
        let directory = try TemporaryDirectory()
        let server = try await RedisServer(["unixsocket \(directory.file("redis.sock"))"])
        let endpoint = try RESPEndpoint(url: "unix://\(directory.file("redis.sock"))?db=2&name=socket")
        let client = try RESPClient(endpoint, options: .patient())
        let info = try await client.send(RESPCommand("CLIENT", "INFO")).string ?? ""
        #expect(info.contains(" db=2 ") && info.contains(" name=socket "))
        await client.close()
        let missing = try RESPClient(RESPEndpoint(.unix(directory.file("none.sock"))), options: .patient(connect: .milliseconds(200)))
        let error = await respError { () async throws(RESPError) in _ = try await missing.send(whoAmI) }
        #expect(error?.code == .neverSent)
        #expect(error?.message.contains("none.sock") == true)
        await missing.close()
        server.kill()
    }
}
