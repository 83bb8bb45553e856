import NIOCore
import RESP
import Relier

/// The heads or records that a listing script answers, and the names that their numbers stand for; see `listing.lua`.
struct Peeked {
    let ids: [TaskID]
    let texts: [ByteBuffer]
    private let queues: [Int: RESPValue]
    private let kinds: [Int: RESPValue]
    private let workers: [Int: RESPValue]

    init(_ parts: [RESPValue]) {
        guard parts.count >= 5 else {
            (ids, texts, queues, kinds, workers) = ([], [], [:], [:], [:])
            return
        }
        ids = parts[0].ids
        texts = parts[1].list.compactMap(\.buffer)
        queues = ClaimReply.numbered(parts[2].list)
        kinds = ClaimReply.numbered(parts[3].list)
        workers = ClaimReply.numbered(parts[4].list)
    }

    func queue(_ number: Int) -> Queue { Queue(queues[number]?.text ?? "?") }
    func kind(_ number: Int) -> KindName { KindName(kinds[number]?.buffer) }
    func worker(_ number: Int) -> String? { number == 0 ? nil : workers[number]?.text }

    func summary(_ index: Int) -> TaskSummary? {
        var buffer = texts[index]
        guard let head = TaskHead(&buffer) else { return nil }
        let kind = kind(head.kind)
        return TaskSummary(
            id: ids[index], name: kind.name, version: kind.version, queue: queue(head.queue), state: TaskState(number: head.state),
            attempt: head.failures + 1, resurrections: head.resurrections, enqueuedAt: head.enqueued,
            worker: head.state == 2 ? worker(head.holder) : nil)
    }

    func endedSummary(_ index: Int) -> TaskSummary? {
        guard let record = EndedRecord(texts[index]) else { return nil }
        let kind = kind(record.kind)
        return TaskSummary(
            id: ids[index], name: kind.name, version: kind.version, queue: queue(record.queue), state: record.state,
            attempt: record.failures + 1, resurrections: record.resurrections, enqueuedAt: record.enqueued, worker: nil)
    }
}
