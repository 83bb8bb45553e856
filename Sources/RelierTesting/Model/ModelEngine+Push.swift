import Foundation
import Relier

extension ModelEngine {
    mutating func push(_ new: [NewTask], found: Reply<[PushOutcome]>?) throws {
        for task in new {
            guard let parent = task.parent else { continue }
            guard tasks[parent.id]?.isRunning(under: parent.fence) == true else {
                return try expectError(found, .fenced, "pushing a child of \(label(parent.id)) under a fence that is not current")
            }
        }
        calls += 1
        let expected = new.map { accept($0) }
        if !keepsOrder { passOverRepeated(new) }
        let what = "outcomes of pushing \(new.map { label($0.envelope.id) }.joined(separator: ", "))"
        if case .success(let outcomes) = found, outcomes != expected {
            throw ModelMismatch("\(what): expected \(describe(expected)), found \(describe(outcomes))")
        }
        try expect(found, expected, what)
    }

    /// Where tasks are kept in several places, one whose id or key stands in its call before waits for what becomes of that one; the others need not wait with it.
    private mutating func passOverRepeated(_ new: [NewTask]) {
        var ids: Set<TaskID> = []
        var keys: Set<String> = []
        for task in new {
            let isKeyNew = task.key.map { keys.insert($0).inserted } ?? true
            if ids.insert(task.envelope.id).inserted && isKeyNew { continue }
            change(task.envelope.id) { $0.isInOrder = false }
        }
    }

    func describe(_ outcomes: [PushOutcome]) -> String {
        outcomes.map { outcome in
            if case .duplicate(let owner) = outcome { return "duplicate of \(label(owner))" }
            return "\(outcome)"
        }.joined(separator: ", ")
    }

    private mutating func accept(_ new: NewTask) -> PushOutcome {
        let id = new.envelope.id
        if tasks[id] != nil { return .known }
        if let parent = new.parent, tasks[parent.id]?.children.contains(id) == true { return .known }
        var operation: Int?
        if let key = new.key {
            if let owner = answerer(of: key) { return .duplicate(by: owner) }
            operation = take(key, for: id)
        }
        if let parent = new.parent { change(parent.id) { $0.children.insert(id) } }
        accepted += 1
        var task = ModelTask(number: accepted, call: calls, new: new, phase: .ready)
        switch new.due {
        case .after(let delay) where delay > .zero: task.phase = .scheduled(.engine(now + delay))
        case .at(let date) where date > wall: task.phase = .scheduled(.wall(date))
        default: task.isInOrder = true
        }
        task.operation = operation
        tasks[id] = task
        queues.insert(new.queue)
        return .accepted
    }

    /// The task that a push with this key is a duplicate of.
    func answerer(of key: String) -> TaskID? {
        guard let record = keys[key] else { return nil }
        if case .completed(_, let until) = record.state { return now < until ? record.owner : nil }
        return isHeld(record) ? record.owner : nil
    }

    /// Whether the key's owner is alive, or its body still runs.
    func isHeld(_ record: ModelKey) -> Bool {
        guard case .claimed = record.state else { return false }
        if isLive(record.owner) { return true }
        return record.keptIn.map { workers[$0] != nil } ?? false
    }

    /// Takes a free idempotency key; answers its operation, which is the last one unless that was carried out.
    mutating func take(_ key: String, for id: TaskID) -> Int? {
        var operation: Int?
        switch keys[key]?.state {
        case .claimed: operation = keys[key]?.operation
        case .free(let since):
            // How long a failed operation's name is remembered beyond its dead letter is the engine's choice.
            operation = keys[key]?.operation
            if since + retention.deadLetters < now { operation = nil }
        case .completed, nil:
            lastOperation += 1
            operation = lastOperation
        }
        keys[key] = ModelKey(state: .claimed, owner: id, operation: operation)
        return operation
    }
}
