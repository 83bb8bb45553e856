import NIOCore
import RESP
import Relier

extension Server {
    /// A page in the order of their quarantine, and behind which place each of them stands.
    func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> (page: Page<DeadLetterSummary>, places: [String]) {
        var after = query.after ?? "0"
        guard Int64(after) != nil else {
            throw EngineError(.notFound, "'\(after)' is not the end of a page; pass 'next' of the page before as it came")
        }
        var items: [DeadLetterSummary] = []
        var stands: [String] = []
        let step = max(query.limit, 200)
        while true {
            let parts = try await run(Scripts.letters, resends: true) { call in
                call.append(after)
                call.append(step)
            }.list
            let found = Peeked(parts)
            guard parts.count == 7 else { return (Page(items: items, next: nil), stands) }
            let (letters, places) = (parts[5].list, parts[6].list)
            for index in found.ids.indices {
                guard let summary = found.summary(index) else { continue }
                let letter = DeadLetter(letters[index].buffer ?? ByteBuffer())
                if query.name.map({ $0 != summary.name }) ?? false || query.reason.map({ $0 != letter.reason }) ?? false { continue }
                if items.count == query.limit { return (Page(items: items, next: after), stands) }
                after = places[index].text
                stands.append(after)
                items.append(
                    DeadLetterSummary(
                        id: summary.id, name: summary.name, queue: summary.queue, reason: letter.reason, message: letter.message,
                        attempts: letter.attempts, resurrections: summary.resurrections, enqueuedAt: summary.enqueuedAt,
                        quarantinedAt: letter.quarantined))
            }
            guard found.ids.count == step, let last = places.last else { return (Page(items: items, next: nil), stands) }
            after = last.text
        }
    }
}
