import Testing

@testable import RESP

@Suite struct SentinelResolutionTests {
    private let a = RESPEndpoint.Address.host("a", port: 1)
    private let b = RESPEndpoint.Address.host("b", port: 2)
    private let c = RESPEndpoint.Address.host("c", port: 3)
    private let master = RESPEndpoint.Address.host("m", port: 9)
    private let answer = RESPValue.array([.bulk("m"), .bulk("9")])

    @Test func asksOneAfterTheOtherAndRemembersWhoKnew() {
        var resolution = SentinelResolution(masterName: "x", nodes: [a, b, c])
        #expect(resolution.start() == .ask(a))
        #expect(resolution.failed("is away") == .ask(b))
        #expect(resolution.answered(answer) == .found(master))
        #expect(resolution.order == [b, c, a])
        #expect(resolution.start() == .ask(b))
        #expect(resolution.answered(answer) == .found(master))
    }

    @Test func saysWhatEachAnswered() {
        var resolution = SentinelResolution(masterName: "x", nodes: [a, b, c])
        #expect(resolution.start() == .ask(a))
        #expect(resolution.failed("is away") == .ask(b))
        #expect(resolution.answered(.null) == .ask(c))
        #expect(
            resolution.answered(.array([.bulk("m"), .bulk("99999")])) == .failed("a:1 is away; b:2 does not know 'x'; c:3 gave no address"))
        #expect(resolution.start() == .ask(a))
        #expect(resolution.answered(answer) == .found(master))
    }

    @Test func aWrongAnswerPutsItsSentinelLast() {
        var resolution = SentinelResolution(masterName: "x", nodes: [a, b])
        #expect(resolution.start() == .ask(a))
        #expect(resolution.answered(answer) == .found(master))
        resolution.wasWrong()
        #expect(resolution.start() == .ask(b))
    }

    @Test func readsTheNewMaster() {
        #expect(SentinelWatch.newMaster("x old 1 new 2", of: "x") == .host("new", port: 2))
        for message in ["y old 1 new 2", "x old 1 new", "x old 1 new 0", "x old 1 new z", ""] {
            #expect(SentinelWatch.newMaster(message, of: "x") == nil)
        }
    }
}
