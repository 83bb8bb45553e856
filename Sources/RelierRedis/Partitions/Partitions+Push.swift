import Relier

extension Partitions {
    func push(_ tasks: [NewTask], policy: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        if isOne {
            let call = PushCall(tasks, policy: policy)
            return PushCall.outcomes(try await first.answers(to: call))
        }
        var family = Family(tasks)
        try await family.look(through: self)
        try await lookElsewhere(for: tasks, outcomes: &family.outcomes)
        let work = tasks.indices.filter { family.outcomes[$0] == nil }
        let found =
            if let policy {
                try await admit(work.map { tasks[$0] }, policy)
            } else {
                try await store(work.map { tasks[$0] }).outcomes
            }
        for (index, outcome) in zip(work, found) { family.outcomes[index] = outcome }
        return try await family.note(through: self)
    }

    /// Finds what is known although it lives elsewhere than it would now: children, which other code than now may have pushed, before their parent could be
    /// told of them; and ids that stand in one call with different keys.
    private func lookElsewhere(for tasks: [NewTask], outcomes: inout [PushOutcome?]) async throws(EngineError) {
        var homes: [TaskID: Int] = [:]
        var ids: Set<TaskID> = []
        for (index, task) in tasks.enumerated() where outcomes[index] == nil {
            let (id, home) = (task.envelope.id, home(of: task))
            if task.parent != nil || homes[id, default: home] != home { ids.insert(id) }
            homes[id] = home
        }
        if ids.isEmpty { return }
        let known = try await status(of: Array(ids))
        for (index, task) in tasks.enumerated() where known[task.envelope.id] != nil { outcomes[index] = .known }
    }

    // Without a policy

    /// Pushes each task into its partition, or only looks what would become of it: what is new is then rejected. Those with a key or an id alike go one
    /// after the other: the first of them decides.
    /// - Parameter known: ids that this push has stored or found before.
    /// - Returns: the outcomes, and all that is known by then.
    func store(
        _ tasks: [NewTask], purpose: PushCall.Purpose = .store, known: Set<TaskID> = []
    ) async throws(EngineError) -> (outcomes: [PushOutcome], known: Set<TaskID>) {
        var known = known
        var outcomes: [PushOutcome?] = Array(repeating: nil, count: tasks.count)
        for wave in Self.waves(of: tasks) {
            // An id is one task's, whatever partition its other key or limits would lead to.
            for index in wave where known.contains(tasks[index].envelope.id) { outcomes[index] = .known }
            let new = wave.filter { outcomes[$0] == nil }
            let found = try await storeApart(new.map { tasks[$0] }, purpose: purpose)
            for (index, outcome) in zip(new, found) {
                outcomes[index] = outcome
                if outcome == .accepted || outcome == .known { known.insert(tasks[index].envelope.id) }
            }
        }
        return (outcomes.compactMap { $0 }, known)
    }

    /// The places of tasks, none with the key or the id of another in its group.
    private static func waves(of tasks: [NewTask]) -> [[Int]] {
        var waves: [[Int]] = []
        var ofKey: [String: Int] = [:]
        var ofID: [TaskID: Int] = [:]
        for (index, task) in tasks.enumerated() {
            let number = max(ofID[task.envelope.id] ?? 0, task.key.flatMap { ofKey[$0] } ?? 0)
            ofID[task.envelope.id] = number + 1
            if let key = task.key { ofKey[key] = number + 1 }
            if number == waves.count { waves.append([]) }
            waves[number].append(index)
        }
        return waves
    }

    /// The same for tasks that have nothing in common.
    private func storeApart(_ tasks: [NewTask], purpose: PushCall.Purpose) async throws(EngineError) -> [PushOutcome] {
        var outcomes: [PushOutcome?] = Array(repeating: nil, count: tasks.count)
        var reservations: [Int: KeyReservation] = [:]
        let homes = tasks.map(home(of:))
        while true {
            var open = tasks.indices.filter { outcomes[$0] == nil }
            if open.isEmpty { break }
            let foreign = open.filter { reservations[$0] == nil && isElsewhere(tasks[$0], home: homes[$0]) }
            if !foreign.isEmpty {
                let found = try await reserve(foreign.map { (tasks[$0], homes[$0]) }, purpose: purpose)
                var taken: [Int] = []
                for (index, answer) in zip(foreign, found) {
                    switch answer {
                    case .reserved(let reservation): reservations[index] = reservation
                    case .taken(let owner):
                        outcomes[index] = .duplicate(by: owner)
                        taken.append(index)
                    }
                }
                // A task that is known is that before it is anybody's duplicate.
                for (index, isKnown) in zip(taken, try await areKnown(taken.map { tasks[$0].envelope.id }, in: taken.map { homes[$0] })) {
                    if isKnown { outcomes[index] = .known }
                }
                open = open.filter { outcomes[$0] == nil }
                if open.isEmpty { continue }
            }
            // Dies, for tests, between a reservation and the push that it is for.
            if isMute && !reservations.isEmpty && purpose == .store { throw EngineError(.outcomeUnknown, "told to die before the push") }
            let calls = Self.apart(open) { homes[$0] }.mapValues { places in
                let known = places.enumerated().compactMap { place, index in reservations[index].map { (place, $0) } }
                return (
                    places,
                    PushCall(
                        places.map { tasks[$0] }.map(\.withoutParent), purpose: purpose,
                        reservations: Dictionary(uniqueKeysWithValues: known))
                )
            }
            let answers = try await at(calls) { (server, call) throws(EngineError) in
                (call.0, try await server.answers(to: call.1))
            }
            for (partition, (places, found)) in answers {
                for (index, answer) in zip(places, found) {
                    switch answer {
                    case .outcome(let outcome):
                        outcomes[index] = outcome
                        if outcome == .accepted || outcome == .known { self.homes.note([tasks[index].envelope.id], in: partition) }
                    case .lost: reservations[index] = nil
                    case .elsewhere:
                        guard let key = tasks[index].key else { continue }
                        if case .held(let owner) = try await settledLook(at: KeyPlace(kind: .task, hash: KeyHash.of(key))) {
                            outcomes[index] = .duplicate(by: owner)
                        }
                    }
                }
            }
        }
        // What was known already needs no key.
        for (index, reservation) in reservations where outcomes[index] == .known && purpose == .store {
            guard let key = tasks[index].key else { continue }
            _ = try? await look(at: KeyPlace(kind: .task, hash: KeyHash.of(key)), unused: reservation.token)
        }
        return outcomes.compactMap { $0 }
    }

    private func areKnown(_ ids: [TaskID], in homes: [Int]) async throws(EngineError) -> [Bool] {
        if ids.isEmpty { return [] }
        let parts = Self.apart(ids.indices) { homes[$0] }
        let found = try await at(parts) { (server, places) throws(EngineError) in
            try await server.watch(places.map { ids[$0] }, channel: "", pause: nil)
        }
        return ids.indices.map { found[homes[$0]]?[ids[$0]] != nil }
    }

    // Keys of other partitions

    private func isElsewhere(_ task: NewTask, home: Int) -> Bool {
        guard let key = task.key, !task.limits.isEmpty else { return false }
        return self.home(ofKey: KeyHash.of(key)) != home
    }

    enum Reserved {
        case reserved(KeyReservation)
        case taken(TaskID)
    }

    /// Reserves the keys of tasks that live elsewhere than their keys; or only looks whether that could be.
    func reserve(_ tasks: [(task: NewTask, home: Int)], purpose: PushCall.Purpose) async throws(EngineError) -> [Reserved] {
        var answers: [Reserved?] = Array(repeating: nil, count: tasks.count)
        while true {
            let open = tasks.indices.filter { answers[$0] == nil }
            if open.isEmpty { return answers.compactMap { $0 } }
            struct Ask: Sendable {
                let index: Int
                let id: TaskID
                let hash: [UInt8]
                let home: Int
                let token: UInt64
            }
            let asks = open.map { index in
                Ask(
                    index: index, id: tasks[index].task.envelope.id, hash: KeyHash.of(tasks[index].task.key ?? ""),
                    home: tasks[index].home, token: .random(in: 0 ... .max))
            }
            // One call for each pair of partitions.
            for (_, group) in Self.apart(asks, by: { self.home(ofKey: $0.hash) * count + $0.home }).sorted(by: { $0.key < $1.key }) {
                let server = servers[home(ofKey: group[0].hash)]
                let found = try await server.reserve(
                    group.map { ($0.hash, $0.id, $0.token) }, for: group[0].home, isLooking: purpose == .look)
                for (ask, answer) in zip(group, found) {
                    switch answer {
                    case .free(let operation): answers[ask.index] = .reserved(KeyReservation(operation: operation, token: ask.token))
                    case .taken(let owner): answers[ask.index] = .taken(owner)
                    case .elsewhere:
                        if case .held(let owner) = try await settledLook(at: KeyPlace(kind: .task, hash: ask.hash)) {
                            answers[ask.index] = .taken(owner)
                        }
                    }
                }
            }
        }
    }
}

extension NewTask {
    /// Parents are looked at in their own partitions.
    fileprivate var withoutParent: NewTask {
        var task = self
        task.parent = nil
        return task
    }
}
