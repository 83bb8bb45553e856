/// Makes a failing history short: first chunks of it are dropped, then single steps, then what is special about the steps that are left.
struct ModelShrinker<Failure> {
    /// How often a history is played at most.
    private(set) var budget: Int
    private(set) var replays = 0
    /// What a history fails with; `nil` when it does not fail.
    private let failure: ([ModelStep]) async throws -> Failure?

    init(budget: Int, failure: @escaping ([ModelStep]) async throws -> Failure?) {
        self.budget = budget
        self.failure = failure
    }

    /// The shortest failing history that was found, and what it fails with.
    mutating func shrink(_ steps: [ModelStep], _ found: Failure) async throws -> (steps: [ModelStep], failure: Failure) {
        var best = (steps: steps, failure: found)
        var length = 0
        // Dropping one step may make another superfluous.
        while best.steps.count != length && replays < budget {
            length = best.steps.count
            var chunk = max(1, best.steps.count / 2)
            while true {
                try await drop(chunk, from: &best)
                if chunk == 1 || replays >= budget { break }
                chunk /= 2
            }
        }
        try await simplify(&best)
        return best
    }

    private mutating func drop(_ chunk: Int, from best: inout (steps: [ModelStep], failure: Failure)) async throws {
        // From the end, since what comes late depends on what comes early.
        var end = best.steps.count
        while end > 0 && replays < budget {
            let start = max(0, end - chunk)
            var shorter = best.steps
            shorter.removeSubrange(start..<end)
            try await accept(shorter, &best)
            end = start
        }
    }

    private mutating func simplify(_ best: inout (steps: [ModelStep], failure: Failure)) async throws {
        for index in best.steps.indices {
            for simpler in best.steps[index].simpler where replays < budget {
                var steps = best.steps
                steps[index] = simpler
                try await accept(steps, &best)
            }
        }
    }

    private mutating func accept(_ steps: [ModelStep], _ best: inout (steps: [ModelStep], failure: Failure)) async throws {
        replays += 1
        if let failure = try await failure(steps) { best = (steps, failure) }
    }
}

extension ModelStep {
    /// The same without what may not matter, one thing at a time, the plainest last.
    var simpler: [ModelStep] {
        var variants: [ModelStep] = []
        func add(_ change: (inout ModelStep) -> Void) {
            var variant = self
            change(&variant)
            if variant != self { variants.append(variant) }
        }
        add { $0.fault = nil }
        switch action {
        case .push(let drafts, let parent):
            for draft in drafts where drafts.count > 1 { add { $0.action = .push([draft], parent: parent) } }
            add { $0.action = .push(drafts.map(\.plain), parent: parent) }
        case .join(let profile): add { $0.action = .join(.plain(limits: profile.maxima.count)) }
        default: break
        }
        return variants
    }
}

extension ModelDraft {
    fileprivate var plain: ModelDraft {
        var plain = self
        plain.version = 1
        plain.queue = 0
        plain.due = .now
        plain.isOther = false
        plain.limit = nil
        return plain
    }
}
