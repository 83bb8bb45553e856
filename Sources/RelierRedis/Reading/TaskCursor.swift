import Foundation
import Relier

/// Where a page of tasks ended.
enum TaskCursor {
    /// Among those of one state, by the letter that `peek_state.lua` knows it by.
    case state(String, after: [UInt8])
    /// In the server's scan: the position that comes next, `nil` at first, and what was found but did not fit.
    case scan(String?, rest: [TaskID])
    /// In a slice of the ended; `rest` holds what of this step did not fit, nothing when the step is new.
    case ended(slice: [UInt8], position: String, rest: [TaskID])

    static func start(for state: TaskState?) -> TaskCursor {
        switch state {
        case .running: .state("r", after: [])
        case .suspect: .state("s", after: [])
        case .parked: .state("p", after: [])
        case .waiting: .state("w", after: [])
        case .committed, .cancelled: .ended(slice: [], position: "", rest: [])
        default: .scan(nil, rest: [])
        }
    }

    init?(_ text: String?) throws(EngineError) {
        guard let text else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        func ids(_ list: ArraySlice<String>) -> [TaskID] { list.compactMap { Self.bytes($0).flatMap { TaskID(bytes: $0) } } }
        switch (parts.first, parts.count) {
        case ("state", 3): self = .state(parts[1], after: Self.bytes(parts[2]) ?? [])
        case ("scan", 2...): self = .scan(parts[1].isEmpty ? nil : parts[1], rest: ids(parts[2...]))
        case ("ended", 3...): self = .ended(slice: Self.bytes(parts[1]) ?? [], position: parts[2], rest: ids(parts[3...]))
        default:
            throw EngineError(.notFound, "'\(text)' is not the end of a page; pass 'next' of the page before as it came")
        }
    }

    var text: String {
        switch self {
        case .state(let letter, let after): "state.\(letter).\(Self.hex(after))"
        case .scan(let position, let rest): (["scan", position ?? ""] + rest.map { Self.hex($0.bytes) }).joined(separator: ".")
        case .ended(let slice, let position, let rest):
            (["ended", Self.hex(slice), position] + rest.map { Self.hex($0.bytes) }).joined(separator: ".")
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
