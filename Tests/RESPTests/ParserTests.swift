import NIOCore
import Testing

@testable import RESP

@Suite struct ParserTests {
    /// All values of a stream, given in pieces of this many bytes.
    private func parse(_ text: String, by step: Int = .max, limits: RESPLimits = RESPLimits()) throws(ProtocolViolation) -> [RESPValue] {
        try RESPTests.parse(Array(text.utf8), pieces: { min(step, $0) }, limits: limits).values
    }

    static let samples: [(String, RESPValue)] = [
        ("+OK\r\n", .simple("OK")), ("+\r\n", .simple("")), ("$5\r\nhello\r\n", .bulk("hello")), ("$0\r\n\r\n", .bulk("")),
        ("$4\r\na\r\nb\r\n", .bulk("a\r\nb")), ("$-1\r\n", .null), ("*-1\r\n", .null), ("_\r\n", .null),
        (":0\r\n", .integer(0)), (":-9223372036854775808\r\n", .integer(.min)), (":9223372036854775807\r\n", .integer(.max)),
        (":+7\r\n", .integer(7)), ("#t\r\n", .boolean(true)), ("#f\r\n", .boolean(false)),
        (",1.5\r\n", .double(1.5)), (",inf\r\n", .double(.infinity)), (",-inf\r\n", .double(-.infinity)), (",1e3\r\n", .double(1000)),
        (
            "(-3492890328409238509324850943850943825024385\r\n",
            .bigNumber(ByteBuffer(string: "-3492890328409238509324850943850943825024385"))
        ),
        ("=8\r\ntxt:text\r\n", .verbatim(format: "txt", ByteBuffer(string: "text"))),
        ("-ERR no\r\n", .error(RESPServerError(prefix: .err, message: "no"))),
        ("-NOSCRIPT\r\n", .error(RESPServerError(prefix: .noScript, message: ""))),
        ("-went wrong\r\n", .error(RESPServerError(prefix: .err, message: "went wrong"))),
        ("!10\r\nBUSY a\r\nbc\r\n", .error(RESPServerError(prefix: .busy, message: "a\r\nbc"))),
        ("*0\r\n", .array([])), ("%0\r\n", .map([])), ("~0\r\n", .set([])), (">0\r\n", .push([])),
        ("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", .array([.integer(1), .array([.bulk("x")])])),
        ("*3\r\n*0\r\n_\r\n%0\r\n", .array([.array([]), .null, .map([])])),
        ("~2\r\n+a\r\n+b\r\n", .set([.simple("a"), .simple("b")])),
        (
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
            .map([RESPPair(key: .simple("a"), value: .integer(1)), RESPPair(key: .simple("b"), value: .array([.integer(2)]))])
        ),
        (">2\r\n$7\r\nmessage\r\n$1\r\nc\r\n", .push([.bulk("message"), .bulk("c")])),
        ("|1\r\n+ttl\r\n:3\r\n:7\r\n", .integer(7)),
        ("*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n:7\r\n|0\r\n:8\r\n", .array([.integer(7), .integer(8)])),
    ]

    @Test(arguments: samples) func readsEachType(text: String, value: RESPValue) throws {
        #expect(try parse(text) == [value])
    }

    @Test func readsWhatIsCutAnywhere() throws {
        let stream = Self.samples.map(\.0).joined()
        let values = Self.samples.map(\.1)
        for step in 1...40 { #expect(try parse(stream, by: step) == values) }
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            var isFirst = true
            let parsed = try RESPTests.parse(bytes) { left in
                defer { isFirst = false }
                return isFirst && cut > 0 ? cut : left
            }
            #expect(parsed.values == values)
            #expect(parsed.left == 0)
        }
    }

    @Test(arguments: [
        "x", "\r\n", "+a\rb\n", "+a\n", ":\r\n", ":1x\r\n", ":9223372036854775808\r\n", ":- 1\r\n", "$-2\r\n", "$1\r\nabc", "$x\r\n",
        "$+\r\n",
        "#x\r\n", "#\r\n", ",one\r\n", ",\r\n", "(12a\r\n", "(\r\n", "(-\r\n", "_x\r\n", "=3\r\nabc\r\n", "=-1\r\n", "!-1\r\n", "*-2\r\n",
        "%-1\r\n", "~-1\r\n",
        ">-1\r\n", "|-1\r\n", "*1\r\n>1\r\n:1\r\n", "*1\r\nx", ":1\rx", "$?\r\n", "*?\r\n", ":111111111111111111111111111111",
    ])
    func refusesWhatIsMalformed(text: String) {
        for step in [1, 3, Int.max] { #expect(throws: ProtocolViolation.self) { try parse(text, by: step) } }
    }

    @Test func keepsItsLimits() throws {
        var limits = RESPLimits()
        limits.depth = 3
        limits.bulkLength = 10
        limits.lineLength = 20
        limits.elements = 8
        func nested(_ depth: Int) -> String { String(repeating: "*1\r\n", count: depth) + ":1\r\n" }
        #expect(try parse(nested(3), limits: limits).count == 1)
        #expect(throws: ProtocolViolation("a reply is nested deeper than 3")) { try parse(nested(4), limits: limits) }
        #expect(try parse("$10\r\n0123456789\r\n", limits: limits).count == 1)
        #expect(throws: ProtocolViolation.self) { try parse("$11\r\n", limits: limits) }
        #expect(throws: ProtocolViolation.self) { try parse("$9223372036854775807\r\n") }
        #expect(throws: ProtocolViolation.self) { try parse("*9223372036854775807\r\n") }
        #expect(throws: ProtocolViolation.self) { try parse("%4611686018427387904\r\n") }
        #expect(try parse("+" + String(repeating: "a", count: 20) + "\r\n", limits: limits).count == 1)
        for step in [1, Int.max] {
            #expect(throws: ProtocolViolation.self) { try parse("+" + String(repeating: "a", count: 23), by: step, limits: limits) }
        }
        #expect(throws: ProtocolViolation.self) { try parse("*9\r\n", limits: limits) }
        let wide = "*2\r\n*3\r\n:1\r\n:1\r\n:1\r\n*3\r\n:1\r\n:1\r\n:1\r\n"
        #expect(throws: ProtocolViolation.self) { try parse(wide, limits: limits) }
        // Counted for each reply, not for the stream.
        #expect(try parse(String(repeating: ":1\r\n", count: 100), limits: limits).count == 100)
    }

    @Test func anAnnouncementReservesNothing() throws {
        // Ten thousand of them, were they believed, would ask for more than any machine has.
        for _ in 0..<10_000 {
            var parser = RESPParser()
            var buffer = ByteBuffer(string: "*1000000\r\n*1000000\r\n$60000000\r\n")
            #expect(try parser.next(&buffer) == nil)
        }
    }

    @Test func valuesReadAsWhatTheyAre() {
        #expect(RESPValue.bulk("-12").integer == -12)
        #expect(RESPValue.bulk("12a").integer == nil)
        #expect(RESPValue.bulk("").integer == nil)
        #expect(RESPValue.simple("9223372036854775808").integer == nil)
        #expect(RESPValue.bulk("1.5").double == 1.5)
        #expect(RESPValue.integer(1).boolean == true)
        #expect(RESPValue.bulk("ab").bytes == [97, 98])
        let map = RESPValue.map([RESPPair(key: .bulk("a"), value: .integer(1))])
        #expect(map["a"] == .integer(1))
        #expect(map["b"] == nil)
        #expect(map.elements == [.bulk("a"), .integer(1)])
        #expect(RESPValue.array([.bulk("a"), .integer(1), .bulk("odd")])["a"] == .integer(1))
        #expect(RESPValue.array([.bulk("odd")])["odd"] == nil)
        #expect(RESPValue.array([])["a"] == nil)
    }
}
