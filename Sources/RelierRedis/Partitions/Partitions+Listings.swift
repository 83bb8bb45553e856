import Relier

extension Partitions {
    /// One partition after the other; where a page ended says in which.
    func tasks(_ query: TaskQuery) async throws(EngineError) -> Page<TaskSummary> {
        if isOne { return try await first.tasks(query) }
        var query = query
        var partition = 0
        if let after = query.after {
            let parts = after.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int(parts[0]), servers.indices.contains(number) else { throw Self.noPage(after) }
            (partition, query.after) = (number, parts[1].isEmpty ? nil : String(parts[1]))
        }
        var items: [TaskSummary] = []
        let limit = query.limit
        while partition < count {
            query.limit = limit - items.count
            let page = try await servers[partition].tasks(query)
            items += page.items
            if let next = page.next { return Page(items: items, next: "\(partition)/\(next)") }
            partition += 1
            query.after = nil
            if items.count == limit && partition < count { return Page(items: items, next: "\(partition)/") }
        }
        return Page(items: items, next: nil)
    }

    /// In the order of their quarantine, as far as the partitions' clocks, which are one, tell it. Where a page ended says how far it came in each.
    func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> Page<DeadLetterSummary> {
        if isOne { return try await first.deadLetters(query).page }
        var places = Array(repeating: "0", count: count)
        if let after = query.after {
            places = after.split(separator: "/").map(String.init)
            guard places.count == count else { throw Self.noPage(after) }
        }
        let from = Dictionary(uniqueKeysWithValues: places.enumerated().map { ($0, $1) })
        let found = try await at(from) { (server, place) throws(EngineError) in
            var own = query
            own.after = place
            return try await server.deadLetters(own)
        }
        let all = found.sorted { $0.key < $1.key }.flatMap { partition, found in
            zip(found.page.items, found.places).map { (letter: $0, partition: partition, place: $1) }
        }
        let sorted = all.enumerated().sorted { left, right in
            (left.element.letter.quarantinedAt, left.offset) < (right.element.letter.quarantinedAt, right.offset)
        }.map(\.element)
        let page = sorted.prefix(query.limit)
        for item in page { places[item.partition] = item.place }
        let isLast = sorted.count == page.count && found.values.allSatisfy { $0.page.next == nil }
        return Page(items: page.map(\.letter), next: isLast ? nil : places.joined(separator: "/"))
    }

    private static func noPage(_ text: String) -> EngineError {
        EngineError(.notFound, "'\(text)' is not the end of a page; pass 'next' of the page before as it came")
    }
}
