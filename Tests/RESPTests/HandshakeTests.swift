import NIOCore
import Testing

@testable import RESP

@Suite struct HandshakeTests {
    private let welcome = RESPValue.map([RESPPair(key: .bulk("proto"), value: .integer(3))])

    private func words(_ command: RESPCommand) -> String {
        var buffer = ByteBuffer()
        command.encode(into: &buffer)
        var parser = RESPParser()
        return (try? parser.next(&buffer))?.elements?.compactMap(\.string).joined(separator: " ") ?? ""
    }

    @Test func saysOnlyWhatIsNeeded() {
        #expect(Handshake(RESPEndpoint(), needsMaster: false).commands.map(words) == ["HELLO 3"])
        let endpoint = RESPEndpoint(.host("h", port: 1), user: "u", password: "p", database: 4, clientName: "me")
        #expect(
            Handshake(endpoint, needsMaster: true).commands.map(words) == ["HELLO 3 AUTH u p SETNAME me", "SELECT 4", "ROLE"])
    }

    @Test func aReplicaIsRefusedForNow() {
        var handshake = Handshake(RESPEndpoint(), needsMaster: true)
        guard case .goOn = handshake.received(welcome) else { Issue.record("not welcome"); return }
        let role = RESPValue.array([.bulk("slave"), .bulk("h"), .integer(1), .bulk("connected"), .integer(5)])
        guard case .failed(let error, isPermanent: false) = handshake.received(role) else { Issue.record("accepted"); return }
        #expect(error.message.contains("no master but 'slave'"))
    }

    @Test func aMasterIsAccepted() {
        for role in [RESPValue.array([.bulk("master"), .integer(0), .array([])]), .error(RESPServerError("NOPERM no role for you"))] {
            var handshake = Handshake(RESPEndpoint(), needsMaster: true)
            guard case .goOn = handshake.received(welcome) else { Issue.record("not welcome"); return }
            guard case .done = handshake.received(role) else { Issue.record("refused"); return }
        }
    }

    @Test(arguments: [
        ("WRONGPASS no", true), ("NOAUTH no", true), ("ERR unknown command 'HELLO'", true), ("NOPROTO unsupported", true),
        ("LOADING wait", false), ("ERR max number of clients reached", false), ("MASTERDOWN wait", false),
    ])
    func someRefusalsAreForGood(answer: String, isPermanent: Bool) {
        var handshake = Handshake(RESPEndpoint(), needsMaster: false)
        guard case .failed(let error, isPermanent) = handshake.received(.error(RESPServerError(answer))) else {
            Issue.record("accepted, or judged otherwise: \(answer)")
            return
        }
        #expect(error.server == RESPServerError(answer))
    }
}
