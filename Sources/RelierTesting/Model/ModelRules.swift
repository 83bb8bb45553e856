import Relier

/// The limits in force, by task and kind, as workers declared them.
struct ModelRules {
    enum Standing: Equatable {
        /// No worker has declared it: the latest push decides, and nothing can be claimed that a worker has not declared.
        case undeclared
        /// It limits nothing any more.
        case none
        case limit(Int, window: Duration?)
    }

    private struct Name: Hashable {
        let task: String
        let kind: LimitRule.Kind
    }
    private var declared: [Name: Standing] = [:]

    /// A worker has joined. A limit that it does not list, and that another declared before, is no more.
    mutating func declare(_ kinds: [TaskKind]) {
        for kind in kinds {
            for name in declared.keys where name.task == kind.name { declared[name] = Standing.none }
            for rule in kind.limits { declared[Name(task: kind.name, kind: rule.kind)] = .limit(rule.maximum, window: rule.window) }
        }
    }

    func standing(of gate: ModelGate) -> Standing { declared[Name(task: gate.task, kind: gate.kind)] ?? .undeclared }

    func window(of gate: ModelGate) -> Duration? {
        if case .limit(_, let window) = standing(of: gate) { return window }
        return nil
    }
}

extension ModelEngine {
    /// Running tasks that hold a slot of the gate, and bodies that outlived their attempts; for a rate, the starts that count now, or only those that must.
    func used(_ gate: ModelGate, atLeast: Bool = false) -> Int {
        if gate.kind.isRate {
            guard let window = rules.window(of: gate) else { return 0 }
            return (starts[gate] ?? []).count { now - $0.at < window && ($0.mustCount || !atLeast) }
        }
        return tasks.values.count { $0.run != nil && $0.gates.contains(gate) } + stuck.count { $0.gate == gate }
    }

    /// No claim may go beyond a limit, whatever was claimed before it under another.
    func checkLimits(afterClaiming claimed: [ModelTask]) throws {
        for gate in Set(claimed.flatMap(\.gates)) {
            guard case .limit(let maximum, let window) = rules.standing(of: gate) else { continue }
            let used = used(gate, atLeast: true)
            if used <= maximum { continue }
            let what = window.map { "starts within \($0)" } ?? "at once"
            throw ModelMismatch("a claim goes beyond the limit of \(maximum) \(what) for '\(gate.key)': there are \(used)")
        }
    }

    /// Whether limits may keep this task from starting: one of its gates is full, counting those that may hold a slot there although they do not run.
    func isHeldBack(_ task: ModelTask, others: (ModelTask) -> Bool) -> Bool {
        task.gates.contains { gate in
            switch rules.standing(of: gate) {
            case .undeclared: true
            case .none: false
            case .limit(let maximum, _):
                used(gate) + tasks.values.count { $0.id != task.id && $0.gates.contains(gate) && mayHoldSlot($0) && others($0) } >= maximum
            }
        }
    }

    /// Whether it may hold a slot without running: it is about to start, or waits at a later gate.
    private func mayHoldSlot(_ task: ModelTask) -> Bool { task.isReady || task.isSuspect || isDue(task) }

    /// Whether an engine may show a ready task as waiting at a limit.
    func mayWait(_ task: ModelTask) -> Bool {
        if task.gates.isEmpty { return false }
        // When a rate lets a waiting task go on is up to whoever looks first after that time.
        if task.gates.contains(where: { $0.kind.isRate && rules.standing(of: $0) != .none }) { return true }
        return isHeldBack(task) { _ in true }
    }
}
