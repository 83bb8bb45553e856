import NIOCore
import RESP
import Relier

/// Reads the answer of `claim.lua`: the strings are those from before the claim.
enum ClaimReply {
    static func read(_ parts: [RESPValue], token: UInt64, isSuspect: Bool) -> [ClaimedTask] {
        guard parts.count == 5 else { return [] }
        let ids = parts[0].ids
        if ids.isEmpty { return [] }
        let texts = parts[1].list
        let kinds = numbered(parts[3].list).mapValues { KindName($0.buffer) }
        let queues = numbered(parts[4].list).mapValues { Queue($0.text) }
        let checkpoints = numbered(parts[2].list)
        var tasks: [ClaimedTask] = []
        tasks.reserveCapacity(ids.count)
        for (index, id) in ids.enumerated() where index < texts.count {
            guard let buffer = texts[index].buffer, let stored = TaskString(buffer) else { continue }
            let head = stored.head
            let kind = kinds[head.kind] ?? .missing
            tasks.append(
                ClaimedTask(
                    envelope: Envelope(
                        stored: id, name: kind.name, version: kind.version, payload: stored.tail.payload, enqueuedAt: head.enqueued,
                        traceparent: stored.tail.traceparent, checksum: stored.tail.checksum, signature: stored.tail.signature),
                    queue: queues[head.queue] ?? Queue("?"), fence: Fence(number: head.fence.number + 1, token: token.counted(by: index)),
                    attempt: head.failures + 1, resurrections: head.resurrections,
                    checkpoint: checkpoints.isEmpty ? nil : Checkpoint(stored: checkpoints[index + 1]?.buffer),
                    key: stored.operation == nil ? nil : stored.tail.key, operation: stored.operation, isSuspect: isSuspect,
                    keyTTL: head.keyTTL, resultTTL: head.resultTTL))
        }
        return tasks
    }

    /// A list of numbers and values in turn.
    static func numbered(_ list: [RESPValue]) -> [Int: RESPValue] {
        var found: [Int: RESPValue] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            if let number = list[index].integer { found[number] = list[index + 1] }
        }
        return found
    }
}

extension UInt64 {
    /// The token of the task that was claimed in that place: the low half counts on in large steps, as in the script.
    fileprivate func counted(by index: Int) -> UInt64 {
        self & 0xffff_ffff_0000_0000 | UInt64(UInt32(truncatingIfNeeded: self) &+ UInt32(truncatingIfNeeded: index) &* 2_654_435_761)
    }
}
