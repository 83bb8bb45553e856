import Foundation
import NIOCore
import Testing

@testable import RESP

/// Random and damaged streams. A failing one is found again by its seed.
@Suite struct FuzzTests {
    static let limits = {
        var limits = RESPLimits()
        limits.depth = 6
        limits.bulkLength = 500
        limits.lineLength = 100
        limits.elements = 300
        return limits
    }()

    /// So many of them, times `RESP_FUZZ` where that is set.
    private func seeds(_ count: UInt64) -> ClosedRange<UInt64> {
        1...count * (ProcessInfo.processInfo.environment["RESP_FUZZ"].flatMap(UInt64.init) ?? 1)
    }

    private enum Result: Equatable {
        case values([RESPValue], left: Int)
        case violation(after: [RESPValue])
    }

    /// What a stream is, in pieces of this size or of random ones.
    private func read(_ bytes: [UInt8], _ pieces: (Int) -> Int) -> Result {
        var parser = RESPParser(limits: Self.limits)
        var values: [RESPValue] = []
        var unread = ByteBuffer()
        var position = 0
        do throws(ProtocolViolation) {
            while position < bytes.count {
                let end = min(bytes.count, position + max(1, pieces(bytes.count - position)))
                unread.writeBytes(bytes[position..<end])
                position = end
                while let value = try parser.next(&unread) { values.append(value) }
            }
            return .values(values, left: unread.readableBytes)
        } catch {
            return .violation(after: values)
        }
    }

    private func check(_ bytes: [UInt8], seed: UInt64) {
        var random = SplitMix(seed: seed)
        let whole = read(bytes) { $0 }
        #expect(read(bytes) { _ in 1 } == whole, "seed \(seed)")
        #expect(read(bytes) { _ in Int.random(in: 1...20, using: &random) } == whole, "seed \(seed)")
        if case .values(let values, _) = whole {
            for value in values { #expect(isWithinLimits(value), "seed \(seed)") }
        }
    }

    private func isWithinLimits(_ value: RESPValue, depth: Int = 0) -> Bool {
        if let buffer = value.buffer { return buffer.readableBytes <= Self.limits.bulkLength }
        let elements = value.elements ?? []
        return depth <= Self.limits.depth && elements.count <= Self.limits.elements
            && elements.allSatisfy { isWithinLimits($0, depth: depth + 1) }
    }

    @Test func randomBytes() {
        for seed in seeds(800) {
            var random = SplitMix(seed: seed)
            check((0..<Int.random(in: 1...60, using: &random)).map { _ in .random(in: 0...255, using: &random) }, seed: seed)
        }
    }

    /// Bytes that mean something, in an order that means nothing.
    @Test func randomTokens() {
        let tokens = [
            "*", "$", "%", "~", ">", "|", "+", "-", ":", "_", "#", ",", "(", "=", "!", "\r\n", "\r", "\n", "1", "0", "-1", "99999999999",
            "t", "ab", "txt:",
        ]
        for seed in seeds(1000) {
            var random = SplitMix(seed: seed)
            let text = (0..<Int.random(in: 1...40, using: &random)).map { _ in tokens[Int.random(in: 0..<tokens.count, using: &random)] }
            check(Array(text.joined().utf8), seed: seed)
        }
    }

    @Test func validStreamsAndDamagedOnes() {
        for seed in seeds(500) {
            var random = SplitMix(seed: seed)
            let values = (0..<Int.random(in: 1...5, using: &random)).map { _ in RESPValue.random(depth: 3, isTop: true, using: &random) }
            var bytes = values.flatMap { $0.encoded }
            #expect(read(bytes) { $0 } == .values(values, left: 0), "seed \(seed)")
            check(bytes, seed: seed)
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[index] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            check(bytes, seed: seed)
        }
    }
}
