import Foundation
import GRDB
import Relier

extension Database {
    /// What holds a live task back, for people; and for a rate the time of its key's next slot.
    func hindrance(of id: TaskID) throws -> (text: String?, due: EngineTime?) {
        let found = try row(
            """
            SELECT t.state, t.awaited, t.waits, t.payload, queue.name, (SELECT at FROM paused WHERE paused.queue = t.queue), \(Gate.columns)
            FROM task t JOIN queue ON queue.number = t.queue WHERE t.id = ?
            """, .id(id)
        ) { row in
            (
                state: row.int(0), awaited: row.textOrNull(1), waits: row.int(2), payload: row.blob(3), queue: row.text(4),
                isPaused: !row.isNull(5), gates: Gate.read(row, from: 6)
            )
        }
        guard let found else { return (nil, nil) }
        switch found.state {
        case StateNumber.waiting:
            return (found.awaited.map { "the key '\($0.dropFirst(2))', which another task holds" }, nil)
        case StateNumber.limited:
            guard let gate = found.gates.first(where: { Int64($0.kind.rawValue) == found.waits }) else { return (nil, nil) }
            let due = try row("SELECT at FROM alarm WHERE gate = ?", .int(gate.number)) { $0.time(0) }
            return (try limit(gate, payload: found.payload), due)
        case StateNumber.queued, StateNumber.suspect:
            return (found.isPaused ? "the queue '\(found.queue)' to be resumed" : nil, nil)
        default:
            return (nil, nil)
        }
    }

    /// Such as `a limit of 2 at once per customerID: "c-7"`.
    private func limit(_ gate: Gate, payload: Data) throws -> String? {
        let rule = try row("SELECT task, arguments, maximum, span FROM limiter WHERE number = ?", .int(gate.rule)) { row in
            LimitRule(
                task: row.text(0), kind: gate.kind,
                arguments: (try? JSONDecoder().decode([String].self, from: Data(row.text(1).utf8))) ?? [],
                maximum: Int(clamping: row.int(2)), window: row.int(3) == 0 ? nil : .microseconds(row.int(3)))
        }
        guard let rule else { return nil }
        let text = "a limit of \(rule.phrase)"
        if rule.arguments.isEmpty { return text }
        let members = CanonicalMembers(payload)
        let values = rule.arguments.map { String(decoding: members?.value(of: $0) ?? CanonicalMembers.null, as: UTF8.self) }
        return "\(text): \(values.joined(separator: ", "))"
    }
}
