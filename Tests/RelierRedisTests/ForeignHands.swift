import Foundation
import NIOCore
import Relier

@testable import RelierRedis

/// What somebody does to the server's keys who is not the engine.
enum ForeignHands {
    private static func key(_ letter: String, _ rest: [UInt8] = []) -> [UInt8] { Array(":\(letter)".utf8) + rest }

    static func alter(_ id: TaskID, to payload: Data, in engine: RedisEngine) async throws {
        let name = key("t:", id.bytes)
        for partition in engine.partitions.servers.indices {
            guard let stored = try await engine.tamper("GET", name, [], partition: partition),
                let task = TaskString(.init(bytes: stored))
            else { continue }
            let kept = stored.count - task.tail.payload.count - 1
            _ = try await engine.tamper("SET", name, [Array(stored[..<kept]) + Array(payload) + [0]], partition: partition)
        }
    }

    /// A well-formed task's string of the queue and kind numbered 1, unless said otherwise.
    private static func string(
        state: Int = 0, queue: Int = 1, kind: Int = 1, fence: Int64 = 0, failures: Int = 0, resurrections: Int = 0, due: Int64 = 0,
        flags: Int = 0
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.int64(0)
        writer.byte(state)
        writer.int16(flags)
        writer.int32(queue)
        writer.int32(kind)
        writer.fence(Fence(number: fence, token: 0))
        writer.int32(0)
        writer.int64(0)
        writer.int64(0)
        writer.int32(failures)
        writer.int32(resurrections)
        writer.int64(due)
        writer.byte(0)
        writer.int64(0)
        writer.int64(0)
        writer.int32(0)
        writer.int16(0xffff)
        writer.int16(7)
        writer.text("garbage")
        writer.int16(0xffff)
        writer.raw([0xff, 0xfe])
        return writer.bytes
    }

    /// Records that the keys allow and the engine never writes.
    static func plant(in engine: RedisEngine) async throws -> Int {
        _ = try await engine.tamper("HSET", key("ks"), [Array("1".utf8), [0, 0, 0, 0, 0, 0, 0, 1] + Array("work".utf8)])
        _ = try await engine.tamper("HSET", key("kn"), [[0, 0, 0, 0, 0, 0, 0, 1] + Array("work".utf8), Array("1".utf8)])
        _ = try await engine.tamper("HSET", key("n"), [Array("k".utf8), Array("1".utf8)])
        var count = 0
        func put(_ text: [UInt8]?, into list: String, _ command: String = "RPUSH", score: String? = nil) async throws {
            let id = TaskID.next()
            if let text { _ = try await engine.tamper("SET", key("t:", id.bytes), [text]) }
            _ = try await engine.tamper(command, key(list), (score.map { [Array($0.utf8)] } ?? []) + [id.bytes])
            count += 1
        }
        // Among the ready: nothing at all, cut off, impossible states, another queue, no such kind, numbers out of range.
        try await put(nil, into: "q:1")
        try await put([], into: "q:1")
        try await put(Array("garbage".utf8), into: "q:1")
        try await put(string(state: 99), into: "q:1")
        try await put(string(state: 6), into: "u:1")
        try await put(string(queue: 4711), into: "q:1")
        try await put(string(kind: 4711), into: "q:1")
        try await put(string(fence: .max), into: "q:1")
        try await put(string(failures: 1 << 31), into: "q:1")
        try await put(string(resurrections: 0xffff_ffff), into: "u:1")
        try await put(Array(repeating: 0xff, count: 200), into: "q:1")
        // Scheduled, and no task; parked and a suspect of a kind that does not exist.
        try await put(Array("x".utf8), into: "d1:1", "ZADD", score: "5")
        try await put(nil, into: "d2:1", "ZADD", score: "5")
        _ = try await engine.tamper("SADD", key("pk:1"), [Array("4711".utf8)])
        try await put(string(state: 3, kind: 4711), into: "p:1:4711")
        _ = try await engine.tamper("SADD", key("sk"), [Array("4711".utf8), Array("1".utf8)])
        try await put(string(state: 5, kind: 4711), into: "s:4711")
        try await put(string(state: 5, queue: 4711), into: "s:1")
        _ = try await engine.tamper("RPUSH", key("q:1"), [Array("no id".utf8)])
        return count + 1
    }
}
