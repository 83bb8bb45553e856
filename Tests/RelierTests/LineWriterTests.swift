import Foundation
import Testing

@testable import Relier

@Suite struct LineWriterTests {
    private func makePipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    /// A pipe whose reader the test is.
    private func withPipe(_ body: (_ reader: Int32, _ writer: Int32) throws -> Void) throws {
        let ends = try makePipe()
        defer { close(ends.reader) }
        try body(ends.reader, ends.writer)
        // The writer's end stays open: its thread lives as long as the process.
    }

    private func read(_ descriptor: Int32, until end: String) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !text.hasSuffix(end) {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }

    @Test func aLineIsWrittenWhenItsCallReturns() throws {
        try withPipe { reader, end in
            let writer = LineWriter(descriptor: end)
            for number in 0..<200 {
                writer.append("line \(number)\n".utf8)
                // A process that dies here has said it.
                #expect(read(reader, until: "\n") == "line \(number)\n")
            }
        }
    }

    @Test func aReaderThatStandsStillHoldsNobodyUp() throws {
        try withPipe { reader, end in
            let writer = LineWriter(descriptor: end)
            let line = Array(String(repeating: "x", count: 999).utf8) + [UInt8(ascii: "\n")]
            let start = ContinuousClock.now
            for _ in 0..<5000 { writer.append(line) }
            #expect(start.duration(to: .now) < .seconds(5))
            #expect(!writer.flush(within: .milliseconds(50)))
            // Again at once: it is known that nobody reads.
            let again = ContinuousClock.now
            for _ in 0..<1000 { writer.append(line) }
            #expect(again.duration(to: .now) < .seconds(1))

            let text = read(reader, until: "nobody read them in time\n")
            let all = text.split(separator: "\n")
            let missing = Int(all.last?.split(separator: " ")[1] ?? "") ?? 0
            #expect(all.count - 1 + missing == 6000, "every line was written or counted")
            #expect(all.count > 1000 && all.dropLast().allSatisfy { $0.utf8.count == 999 }, "lines come whole")
            writer.append("back\n".utf8)
            #expect(read(reader, until: "\n") == "back\n")
        }
    }

    @Test func aReaderThatIsGoneEndsNothing() throws {
        // Otherwise the process would die of it.
        signal(SIGPIPE) { _ in }
        try withPipe { reader, end in
            let writer = LineWriter(descriptor: end)
            close(reader)
            for _ in 0..<10 { writer.append("to nobody\n".utf8) }
            #expect(writer.flush(within: .seconds(5)))
        }
    }

    @Test func linesOfAChildAreKeptTogether() throws {
        let (reader, end) = try makePipe()
        let (input, child) = try makePipe()
        let tail = try StandardErrorTail(reading: input, to: LineWriter(descriptor: end)) { _ in }
        func say(_ text: String) { _ = text.withCString { write(child, $0, strlen($0)) } }
        say("half a ")
        say("line\nand a second\nprompt> ")
        #expect(read(reader, until: "\n") == "half a line\nand a second\n")
        #expect(read(reader, until: "> ") == "prompt> ", "what has no end is passed on after a moment")
        say("last words")
        close(child)
        let words = tail.finish()
        #expect(read(reader, until: "\n") == "last words\n")
        #expect(words.standardError == "half a line\nand a second\nprompt> last words")
        close(reader)
    }
}
