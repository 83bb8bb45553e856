import Relier

/// Children among the tasks of one push. Their parents are looked at before anything is pushed, and told of them after: told before, one that was never
/// pushed would be lost. What is pushed and not told of is known by its id as long as anything else remembers it.
struct Family {
    private let tasks: [NewTask]
    private let parents: [(id: TaskID, fence: Fence)]
    /// Of those tasks of which it is known.
    var outcomes: [PushOutcome?]
    private var homes: [TaskID: Int] = [:]

    init(_ tasks: [NewTask]) {
        self.tasks = tasks
        outcomes = Array(repeating: nil, count: tasks.count)
        var seen: Set<TaskID> = []
        parents = tasks.compactMap(\.parent).filter { seen.insert($0.id).inserted }
    }

    private func children(of parent: TaskID) -> [Int] { tasks.indices.filter { tasks[$0].parent?.id == parent } }

    /// Refuses the push where a parent does not run under its fence, and finds the children that it has pushed before.
    mutating func look(through partitions: Partitions) async throws(EngineError) {
        if parents.isEmpty { return }
        homes = try await partitions.locate(parents.map(\.id))
        for parent in parents {
            let server = partitions.servers[homes[parent.id] ?? partitions.home(of: parent.id)]
            let children = children(of: parent.id)
            let ids = children.map { tasks[$0].envelope.id }
            let reply = try await server.run(
                Scripts.knownChildren, reserving: ids.count * 24, resends: true,
                refusal: Refusal { word, _ in word == "FENCED" ? Server.fenced(parent: parent.id) : nil }
            ) { call in
                call.append(parent.id)
                call.append(parent.fence)
                for id in ids { call.append(id) }
            }
            for (index, digit) in zip(children, reply.text.utf8) where digit == UInt8(ascii: "1") { outcomes[index] = .known }
        }
    }

    /// Tells the parents of what was pushed; all outcomes.
    func note(through partitions: Partitions) async throws(EngineError) -> [PushOutcome] {
        // Dies, for tests, before it.
        if partitions.isMute && !parents.isEmpty { throw EngineError(.outcomeUnknown, "told to die before the parent knows") }
        for parent in parents {
            let new = children(of: parent.id).filter { outcomes[$0] == .accepted || outcomes[$0] == .known }.map { tasks[$0].envelope.id }
            if new.isEmpty { continue }
            _ = try await partitions.servers[homes[parent.id] ?? partitions.home(of: parent.id)].run(
                Scripts.noteChildren, reserving: new.count * 24, resends: true
            ) { call in
                call.append(parent.id)
                for id in new { call.append(id) }
            }
        }
        return outcomes.compactMap { $0 }
    }
}
