import Foundation
import RelierTesting
import Testing

@testable import RESP

@Suite struct TLSTests {
    let certificates: TestCertificates
    let server: RedisServer

    init() async throws {
        certificates = try await TestCertificates()
        server = try await RedisServer(.init(lines: ["tls-auth-clients yes", "requirepass geheim"], certificates: certificates))
    }

    private var url: String { "rediss://:geheim@localhost:\(server.port)/1?ca=\(certificates.authority)" }
    private var identity: String { "&cert=\(certificates.client.certificate)&key=\(certificates.client.key)" }

    private func outcome(_ url: String, connect: Duration = .seconds(30)) async throws -> Result<RESPValue, RESPError> {
        let client = try RESPClient(try RESPEndpoint(url: url), options: .patient(connect: connect))
        let outcome: Result<RESPValue, RESPError>
        do throws(RESPError) { outcome = .success(try await client.send(RESPCommand("PING"))) } catch { outcome = .failure(error) }
        await client.close()
        return outcome
    }

    @Test func certificatesAreCheckedOnBothSides() async throws {
        #expect(try await outcome(url + identity).get().string == "PONG")
        let byAddress = (url + identity).replacingOccurrences(of: "localhost", with: "127.0.0.1") + "&sni=localhost"
        #expect(try await outcome(byAddress).get().string == "PONG")

        // Without what the other side asks for. None takes all of its time, for another attempt would end the same way.
        let start = ContinuousClock.now
        for wrong in [
            url,
            (url + identity).replacingOccurrences(of: certificates.authority, with: certificates.stranger),
            url + identity + "&sni=elsewhere",
        ] {
            guard case .failure(let error) = try await outcome(wrong) else { throw Failure("accepted \(wrong)") }
            #expect(error.code == .neverSent)
            #expect(!error.message.contains("geheim"))
            #expect(error.message.contains("localhost:\(server.port)"))
        }
        #expect(ContinuousClock.now - start < .seconds(50))
        #expect(try await outcome(url + identity + "&sni=elsewhere&verify=chain").get().string == "PONG")
        let unchecked = (url + identity).replacingOccurrences(of: certificates.authority, with: certificates.stranger) + "&verify=none"
        #expect(try await outcome(unchecked).get().string == "PONG")
    }

    @Test func muchAtOncePasses() async throws {
        let client = try RESPClient(try RESPEndpoint(url: url + identity), options: .patient(connect: .seconds(10)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let text = String(repeating: "\(number)", count: 100)
                    let reply = try await client.send(RESPCommand("ECHO", text))
                    #expect(reply.string == text)
                }
            }
            try await group.waitForAll()
        }
        await client.close()
    }

    @Test func aServerWithoutTLSIsNeverSent() async throws {
        let plain = try await RedisServer()
        let wrong = "rediss://localhost:\(plain.port)?ca=\(certificates.authority)"
        guard case .failure(let error) = try await outcome(wrong, connect: .seconds(2)) else { throw Failure("accepted") }
        #expect(error.code == .neverSent)
        plain.kill()
    }

    @Test func missingFilesAreToldWhenTheClientIsMade() throws {
        let path = certificates.authority + ".missing"
        let error = #expect(throws: RESPError.self) { try RESPClient(try RESPEndpoint(url: "rediss://localhost?ca=\(path)")) }
        #expect(error?.code == .invalidSetting)
        #expect(error?.message.contains(path) == true)
        let half = #expect(throws: RESPError.self) { try RESPClient(try RESPEndpoint(url: "rediss://localhost?cert=\(path)")) }
        #expect(half?.message.contains("go together") == true)
    }
}
