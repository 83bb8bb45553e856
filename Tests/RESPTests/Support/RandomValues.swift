import NIOCore

@testable import RESP

/// Gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension RESPValue {
    static func random(depth: Int, isTop: Bool = false, using random: inout SplitMix) -> RESPValue {
        func text(_ range: ClosedRange<UInt8>) -> ByteBuffer {
            ByteBuffer(bytes: (0..<Int.random(in: 0...30, using: &random)).map { _ in UInt8.random(in: range, using: &random) })
        }
        func elements() -> [RESPValue] {
            (0..<Int.random(in: 0...4, using: &random)).map { _ in .random(depth: depth - 1, using: &random) }
        }
        switch Int.random(in: 0...(depth > 0 ? isTop ? 13 : 12 : 9), using: &random) {
        case 0: return .null
        case 1: return .boolean(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .double(.random(in: -1e9...1e9, using: &random))
        case 4: return .bigNumber(ByteBuffer(string: "-12345678901234567890123"))
        case 5: return .simple(text(97...122))
        case 6, 7: return .bulk(text(0...255))
        case 8: return .verbatim(format: "txt", text(0...255))
        case 9: return .error(RESPServerError(prefix: .oom, message: String(buffer: text(97...122))))
        case 10: return .array(elements())
        case 11: return .set(elements())
        case 12:
            let values = elements()
            return .map(values.map { RESPPair(key: $0, value: .integer(1)) })
        default: return .push(elements())
        }
    }

    /// As a server sends it.
    var encoded: [UInt8] {
        func line(_ text: String) -> [UInt8] { Array((text + "\r\n").utf8) }
        func blob(_ marker: String, _ bytes: [UInt8]) -> [UInt8] { line(marker + String(bytes.count)) + bytes + line("") }
        switch self {
        case .null: return line("_")
        case .boolean(let flag): return line(flag ? "#t" : "#f")
        case .integer(let number): return line(":\(number)")
        case .double(let number): return line(",\(number)")
        case .bigNumber(let digits): return line("(" + String(buffer: digits))
        case .simple(let text): return line("+" + String(buffer: text))
        case .bulk(let buffer): return blob("$", Array(buffer.readableBytesView))
        case .verbatim(let format, let buffer): return blob("=", Array((format + ":").utf8) + Array(buffer.readableBytesView))
        case .error(let error): return blob("!", Array("\(error.prefix) \(error.message)".utf8))
        case .array(let values): return line("*\(values.count)") + values.flatMap(\.encoded)
        case .set(let values): return line("~\(values.count)") + values.flatMap(\.encoded)
        case .push(let values): return line(">\(values.count)") + values.flatMap(\.encoded)
        case .map(let pairs): return line("%\(pairs.count)") + pairs.flatMap { $0.key.encoded + $0.value.encoded }
        }
    }
}
