import Relier

/// Checks that every task was committed once.
enum Audit {
    /// Suspends until all of these tasks have ended, starting with the last to start.
    static func awaitEnd(of ids: [TaskID], engine: any Engine) async throws {
        var pending = Array(ids.suffix(8192))
        while !pending.isEmpty {
            let some = Array(pending.prefix(1024))
            let states = try await engine.status(of: some)
            let open = some.filter { states[$0]?.state.isEnd != true }
            pending.removeFirst(some.count)
            if open.isEmpty { continue }
            _ = try await engine.awaitEnd(of: open, timeout: .seconds(1))
            pending = open + pending
        }
    }

    /// - Parameters:
    ///   - pushed: how many tasks were accepted.
    ///   - ran: the ids of all bodies that ran, each once for every run.
    /// - Throws: ``BenchFailure`` that says what is wrong.
    static func check(pushed: Int, ran: [TaskID], engine: any Engine) async throws -> String {
        let distinct = Set(ran)
        guard ran.count == pushed, distinct.count == pushed else {
            throw BenchFailure("audit: \(pushed) tasks pushed, \(ran.count) bodies run, of \(distinct.count) tasks")
        }
        var start = 0
        while start < ran.count {
            let some = Array(ran[start..<min(ran.count, start + 1000)])
            let states = try await engine.status(of: some)
            if let bad = some.first(where: { states[$0]?.state != .committed }) {
                throw BenchFailure("audit: task \(bad) is \(states[bad]?.state.rawValue ?? "unknown"), not committed")
            }
            start += some.count
        }
        for queue in try await engine.queues() where queue.queued + queue.running + queue.recovered + queue.scheduled > 0 {
            throw BenchFailure("audit: queue \(queue.queue) is not empty: \(queue)")
        }
        return "each once"
    }
}
