import RESP
import Relier

extension Server {
    /// - Parameter isKnown: another partition knows the queue, and so shall this one.
    /// - Returns: the names of the queues that there are when this is none.
    func setPaused(_ isPaused: Bool, queue: String, isKnown: Bool) async throws(EngineError) -> [String]? {
        try await run(Scripts.pause, resends: true) { call in
            call.append(queue)
            call.append(isPaused ? "1" : "")
            call.append(isKnown ? "1" : "")
        }.elements?.map(\.text)
    }

    func queues() async throws(EngineError) -> [QueueSummary] {
        try await run(Scripts.queues, resends: true).list.compactMap { row -> QueueSummary? in
            let parts = row.list
            guard parts.count == 11 else { return nil }
            func count(_ index: Int) -> Int { parts[index].integer ?? 0 }
            return QueueSummary(
                queue: Queue(parts[0].text), queued: count(1), recovered: count(2), scheduled: count(3), running: count(4),
                parked: count(5), suspects: count(6), waiting: count(7) + count(8), limited: count(8),
                oldest: parts[9].number.map { EngineTime(microseconds: $0) },
                pausedAt: parts[10].number.map { EngineTime(microseconds: $0) })
        }
    }
}

extension QueueSummary {
    /// The same queue in two partitions.
    func plus(_ other: QueueSummary) -> QueueSummary {
        QueueSummary(
            queue: queue, queued: queued + other.queued, recovered: recovered + other.recovered, scheduled: scheduled + other.scheduled,
            running: running + other.running, parked: parked + other.parked, suspects: suspects + other.suspects,
            waiting: waiting + other.waiting, limited: limited + other.limited,
            oldest: [oldest, other.oldest].compactMap { $0 }.min(), pausedAt: [pausedAt, other.pausedAt].compactMap { $0 }.min())
    }
}
