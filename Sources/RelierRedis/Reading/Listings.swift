import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    /// Live tasks and dead letters in the order of the server's own scan of its keys, each page in the order of the ids; then ended ones, the newest
    /// first. States of which there are few are listed by themselves. One partition after the other.
    public func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> {
        try await ready()
        var page = try await partitions.tasks(query)
        for index in page.items.indices where page.items[index].state == .waiting {
            page.items[index].waitsFor = try await inspect(page.items[index].id)?.summary.waitsFor
        }
        return page
    }

    public func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> {
        try await ready()
        return try await partitions.deadLetters(query)
    }

    public func deadLetterReasons() async throws(EngineError) -> [String: Int] {
        try await ready()
        return try await partitions.everywhere { (server) throws(EngineError) in
            let reply = try await server.send(RESPCommand("HGETALL", "\(server.anchor):reasons")).list
            var reasons: [String: Int] = [:]
            for index in stride(from: 0, to: reply.count - 1, by: 2) { reasons[reply[index].text] = reply[index + 1].integer }
            return reasons
        }.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }
}

extension Server {
    func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> {
        var cursor = try TaskCursor(query.after) ?? .start(for: query.state)
        var items: [TaskSummary] = []
        while items.count < query.limit {
            switch cursor {
            case .state(let letter, let after):
                let found = Peeked(
                    try await run(Scripts.peekState, resends: true) { call in
                        call.append(letter)
                        call.append(bytes: after)
                        call.append(query.limit - items.count + 1)
                    }.list)
                let wanted = query.limit - items.count
                for index in found.ids.indices.prefix(wanted) {
                    if let summary = found.summary(index), query.matches(summary) { items.append(summary) }
                }
                if found.ids.count > wanted {
                    cursor = .state(letter, after: found.ids[wanted - 1].bytes)
                } else if letter == "w" {
                    cursor = .state("l", after: [])
                } else {
                    return Page(items: items, next: nil)
                }
            case .scan(let position, let rest):
                if !rest.isEmpty {
                    let taken = Array(rest.prefix(query.limit - items.count))
                    items += try await summaries(of: taken, query)
                    let left = Array(rest.dropFirst(taken.count))
                    cursor = left.isEmpty && position == "0" ? .ended(slice: [], position: "", rest: []) : .scan(position, rest: left)
                    continue
                }
                let isFiltered = query.state != nil || query.queue != nil || query.name != nil
                let (next, ids) = try await scan(from: position ?? "0", count: isFiltered ? 500 : query.limit)
                let found = try await summaries(of: ids, query).map(\.id)
                cursor = found.isEmpty && next == "0" ? .ended(slice: [], position: "", rest: []) : .scan(next, rest: found)
            case .ended(let slice, let position, let rest):
                if let state = query.state, !state.isEnd || state == .quarantined { return Page(items: items, next: nil) }
                let parts = try await run(Scripts.peekEnded, resends: true) { call in
                    call.append(bytes: slice)
                    call.append(position)
                    call.append(100)
                }.list
                let found = Peeked(parts)
                var matching: [TaskSummary] = []
                for index in found.ids.indices {
                    if let summary = found.endedSummary(index), query.matches(summary) { matching.append(summary) }
                }
                matching.sort { $0.id > $1.id }
                // What did not fit on the page before is on the same page of the scan.
                if !rest.isEmpty { matching.removeAll { !rest.contains($0.id) } }
                let taken = matching.prefix(query.limit - items.count)
                items += taken
                if taken.count < matching.count {
                    cursor = .ended(slice: slice, position: position, rest: matching.dropFirst(taken.count).map(\.id))
                    continue
                }
                guard parts.count == 7, let nextSlice = parts[5].bytes, !nextSlice.isEmpty else {
                    return Page(items: items, next: nil)
                }
                cursor = .ended(slice: nextSlice, position: parts[6].text, rest: [])
            }
        }
        return Page(items: items, next: cursor.text)
    }

    private func summaries(of ids: [TaskID], _ query: TaskQuery) async throws(EngineError) -> [TaskSummary] {
        if ids.isEmpty { return [] }
        let found = Peeked(
            try await run(Scripts.peek, reserving: ids.count * 24, resends: true) { call in
                for id in ids { call.append(id) }
            }.list)
        return found.ids.indices.compactMap { found.summary($0) }.filter(query.matches).sorted { $0.id < $1.id }
    }

    /// A step of the server's scan over the strings of tasks.
    private func scan(from position: String, count: Int) async throws(EngineError) -> (String, [TaskID]) {
        let prefix = "\(anchor):t:"
        let pattern = prefix.replacing("[", with: "\\[") + "*"
        let reply = try await send(RESPCommand("SCAN", position, "MATCH", pattern, "COUNT", "\(count)")).list
        guard reply.count == 2 else { throw EngineError(.failed, "the server's answer to a scan cannot be read") }
        let length = prefix.utf8.count
        let ids = reply[1].list.compactMap { key -> TaskID? in
            guard var buffer = key.buffer, buffer.readableBytes == length + 16 else { return nil }
            buffer.moveReaderIndex(forwardBy: length)
            return buffer.readID(TaskID.self)
        }
        return (reply[0].text, ids)
    }
}

extension TaskQuery {
    fileprivate func matches(_ summary: TaskSummary) -> Bool {
        (state == nil || state == summary.state) && (queue == nil || queue == summary.queue) && (name == nil || name == summary.name)
    }
}
