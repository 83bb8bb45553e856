package import NIOCore

/// A command, encoded as it is built, on the caller's own thread: one allocation, and a copy when it leaves.
package struct RESPCommand: Sendable {
    /// The words, without the count that stands before them.
    private(set) var body: [UInt8] = []
    private(set) var count = 0

    /// - Parameters:
    ///   - name: `SET`, or the first word of `CLIENT LIST`.
    ///   - reserving: the bytes that are expected, to save copies.
    package init(_ name: String, reserving: Int = 128) {
        body.reserveCapacity(reserving)
        append(name)
    }

    /// A short command at one go: `RESPCommand("SET", "key", "value")`.
    package init(_ name: String, _ arguments: String...) {
        self.init(name, reserving: 128)
        for argument in arguments { append(argument) }
    }

    /// Goes on from words that are encoded already.
    init(encoded body: [UInt8], count: Int) {
        self.body = body
        self.count = count
    }

    /// The first word, for messages. Arguments are not shown anywhere, since they may be secrets.
    package var name: String {
        guard let start = body.firstIndex(of: UInt8(ascii: "\n")) else { return "" }
        let word = body[(start + 1)...]
        return String(decoding: word.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ number: Int) {
        header(decimalLength(number))
        appendDecimal(number, to: &body)
        end()
    }

    package mutating func append(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { append($0) }
    }

    package mutating func append(bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        guard done == nil else { return }
        header(bytes.count)
        body.append(contentsOf: bytes)
        end()
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        header(bytes.count)
        body.append(contentsOf: bytes)
        end()
    }

    /// Writes the whole command.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "*"))
        if count < 10 {
            buffer.writeInteger(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: count))
        } else {
            var digits: [UInt8] = []
            appendDecimal(count, to: &digits)
            buffer.writeBytes(digits)
        }
        buffer.writeInteger(0x0d0a as UInt16)
        buffer.writeBytes(body)
    }

    private mutating func header(_ length: Int) {
        count += 1
        body.append(UInt8(ascii: "$"))
        appendDecimal(length, to: &body)
        body.append(UInt8(ascii: "\r"))
        body.append(UInt8(ascii: "\n"))
    }

    private mutating func end() {
        body.append(UInt8(ascii: "\r"))
        body.append(UInt8(ascii: "\n"))
    }
}

extension RESPCommand: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(name) with \(count - 1) arguments" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

private func decimalLength(_ number: Int) -> Int {
    var length = number < 0 ? 2 : 1
    var rest = number.magnitude / 10
    while rest > 0 {
        length += 1
        rest /= 10
    }
    return length
}

private func appendDecimal(_ number: Int, to bytes: inout [UInt8]) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var low = bytes.count
    var rest = number.magnitude
    repeat {
        bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
    } while rest > 0
    var high = bytes.count - 1
    while low < high {
        bytes.swapAt(low, high)
        low += 1
        high -= 1
    }
}
