import NIOCore
import Testing

@testable import RESP

@Suite struct CommandTests {
    private func encoded(_ command: RESPCommand) -> String {
        var buffer = ByteBuffer()
        command.encode(into: &buffer)
        return String(buffer: buffer)
    }

    @Test func encodesWords() {
        #expect(encoded(RESPCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(encoded(RESPCommand("SET", "key", "välue")) == "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$6\r\nvälue\r\n")
        #expect(encoded(RESPCommand("GET", "")) == "*2\r\n$3\r\nGET\r\n$0\r\n\r\n")
    }

    @Test(arguments: [0, 7, 10, -1, -10, 123_456, .max, .min]) func encodesNumbers(number: Int) {
        var command = RESPCommand("X")
        command.append(number)
        #expect(encoded(command) == "*2\r\n$1\r\nX\r\n$\(String(number).count)\r\n\(number)\r\n")
    }

    @Test func encodesBytesOfEveryKind() {
        var command = RESPCommand("X")
        let bytes: [UInt8] = [0, 13, 10, 255]
        command.append(bytes: bytes)
        command.append(bytes: bytes.lazy.map { $0 })
        command.append(ByteBuffer(bytes: bytes))
        bytes.withUnsafeBytes { command.append($0) }
        var buffer = ByteBuffer()
        command.encode(into: &buffer)
        var parser = RESPParser()
        let words = (try? parser.next(&buffer))?.elements?.map(\.bytes)
        #expect(words == [Array("X".utf8), bytes, bytes, bytes, bytes])
    }

    @Test func countsManyWords() {
        var command = RESPCommand("X")
        for number in 1..<1000 { command.append(number) }
        #expect(encoded(command).hasPrefix("*1000\r\n$1\r\nX\r\n$1\r\n1\r\n"))
    }

    @Test func printsNoArgument() {
        let command = RESPCommand("AUTH", "secret")
        #expect("\(command)" == "AUTH with 1 arguments")
        #expect(!String(reflecting: command).contains("115"))
        var text = ""
        dump(command, to: &text)
        #expect(!text.contains("115"))
    }

    @Test func aScriptKnowsItsDigest() {
        let script = RESPScript("one", source: "return 1")
        #expect(script.digest == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        var call = script.call(keys: "k")
        call.append(5)
        #expect(encoded(call.command) == "*5\r\n$7\r\nEVALSHA\r\n$40\r\n\(script.digest)\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n5\r\n")
        #expect(encoded(call.whole) == "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n5\r\n")
    }
}
