import NIOCore
import RESP
import Relier

extension Server {
    /// - Parameters:
    ///   - channel: where to tell of the next end; '' for nowhere.
    ///   - pause: for how long.
    func watch(_ ids: [TaskID], channel: String, pause: Duration?) async throws(EngineError) -> [TaskID: TaskStatus] {
        let reply = try await run(Scripts.watch, reserving: ids.count * 24, resends: true) { call in
            call.append(channel)
            call.append(Int((pause ?? .zero).microseconds / 1000) + 1000)
            for id in ids { call.append(id) }
        }
        return StatusReply.read(reply.list, ids: ids)
    }
}

/// Reads the answer of `watch.lua`.
enum StatusReply {
    static func read(_ parts: [RESPValue], ids: [TaskID]) -> [TaskID: TaskStatus] {
        let now = parts.first?.number ?? 0
        var result: [TaskID: TaskStatus] = [:]
        result.reserveCapacity(ids.count)
        for (index, id) in ids.enumerated() where 2 * index + 2 < parts.count {
            guard var buffer = parts[2 * index + 1].buffer, let letter = buffer.readInteger(as: UInt8.self) else { continue }
            switch letter {
            case UInt8(ascii: "l"):
                guard let head = TaskHead(&buffer) else { continue }
                result[id] = TaskStatus(state: TaskState(number: head.state), progress: TaskProgress(parts[2 * index + 2].buffer))
            case UInt8(ascii: "d"):
                let letter = DeadLetter(buffer)
                result[id] = TaskStatus(state: .quarantined, reason: letter.reason, message: letter.message)
            default:
                guard let record = EndedRecord(buffer) else { continue }
                result[id] = TaskStatus(state: record.state, result: record.result(at: now))
            }
        }
        return result
    }
}
