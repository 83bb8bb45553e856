import Foundation
import NIOCore
import Relier

/// Builds a binary argument; numbers are big-endian.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }
    mutating func byte(_ value: Int) { bytes.append(UInt8(truncatingIfNeeded: value)) }
    mutating func int16(_ value: Int) { append(UInt16(clamping: value)) }
    mutating func int32(_ value: Int) { append(UInt32(clamping: value)) }
    mutating func int64(_ value: Int64) { append(value) }
    mutating func bits64(_ value: UInt64) { append(value) }
    mutating func id(_ id: some Identifier128) {
        append(id.high)
        append(id.low)
    }
    mutating func fence(_ fence: Fence) {
        append(fence.number)
        append(fence.token)
    }
    mutating func raw(_ data: Data) { data.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    mutating func raw(_ other: [UInt8]) { bytes.append(contentsOf: other) }
    mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

extension ByteBuffer {
    mutating func readID<ID: Identifier128>(_ type: ID.Type) -> ID? {
        guard readableBytes >= 16, let high = readInteger(as: UInt64.self), let low = readInteger(as: UInt64.self) else { return nil }
        return ID(high: high, low: low)
    }

    mutating func readData(_ count: Int) -> Data? {
        guard let view = readSlice(length: count)?.readableBytesView else { return nil }
        return Data(view)
    }

    mutating func readText(_ count: Int) -> String? { readString(length: count) }

    /// An unsigned number of so many bytes.
    mutating func readNumber(_ count: Int) -> Int64? {
        guard let bytes = readBytes(length: count) else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    var data: Data { Data(readableBytesView) }
}

/// Times and durations as scripts count them: microseconds from zero to what a double holds exactly.
enum Microseconds {
    static let far: Int64 = 1 << 52

    static func clamped(_ value: Int64) -> Int64 { min(max(0, value), far) }
    static func clamped(_ duration: Duration) -> Int64 { clamped(duration.microseconds) }

    /// A point of the wall clock; far off in either direction, the end of the range.
    static func wall(_ date: Date) -> Int64 {
        let seconds = date.timeIntervalSince1970
        return seconds >= 4.5e9 ? far : seconds <= 0 ? 0 : clamped(Int64(seconds * 1e6))
    }
}
