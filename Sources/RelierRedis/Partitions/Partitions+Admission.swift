import RESP
import Relier

/// The admission window is one for all partitions: room is reserved in the first partition, the tasks are pushed, and what was not needed for new ones is given
/// back. Where that never comes, the window admits fewer until it ends.
extension Partitions {
    /// Pushes as many as fit, in their order.
    func admit(_ tasks: [NewTask], _ policy: AdmissionPolicy) async throws(EngineError) -> [PushOutcome] {
        if tasks.isEmpty { return [] }
        guard policy.maxBacklog != nil else { return try await admitAlone(tasks, policy) }
        return try await aloneWithBacklog { () async throws(EngineError) in try await admitAlone(tasks, policy) }
    }

    /// How many wait is the sum of all partitions: between the count and the push nobody else may add to it.
    private func aloneWithBacklog<Value>(_ body: () async throws(EngineError) -> Value) async throws(EngineError) -> Value {
        var name = ByteWriter()
        name.id(TaskID.next())
        let who = name
        func turn(isOver: Bool) async throws(EngineError) -> Bool {
            try await first.run(Scripts.lockBacklog) { call in
                call.append(who)
                call.append(isOver ? "1" : "")
            }.integer == 1
        }
        while try await !turn(isOver: false) {
            await Task { try? await Task.sleep(for: .milliseconds(Int.random(in: 1...4))) }.value
        }
        let result: Result<Value, EngineError>
        do throws(EngineError) {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        if !isMute { _ = try? await turn(isOver: true) }
        return try result.get()
    }

    private func admitAlone(_ tasks: [NewTask], _ policy: AdmissionPolicy) async throws(EngineError) -> [PushOutcome] {
        var known: Set<TaskID> = []
        var room = try await Room(policy, for: tasks, in: self)
        var outcomes: [PushOutcome] = []
        // As many as fit may all be new, or none; then as many as still fit.
        while outcomes.count < tasks.count {
            let isChild = tasks[outcomes.count].parent != nil
            let chunk = tasks[outcomes.count...].prefix { ($0.parent != nil) == isChild }.prefix(room.left(isChild: isChild))
            if chunk.isEmpty { break }
            let found: [PushOutcome]
            do {
                (found, known) = try await store(Array(chunk), known: known)
            } catch {
                // What is not known to have been used stays reserved.
                if error.code != .outcomeUnknown { await giveBack(room) }
                throw error
            }
            for (task, outcome) in zip(chunk, found) where outcome == .accepted { room.take(task) }
            outcomes += found
        }
        if outcomes.count < tasks.count {
            let rejection = AdmissionRejection(
                room.cause(isChild: tasks[outcomes.count].parent != nil), retryAfter: .microseconds(max(1, room.time)))
            let rest = Array(tasks[outcomes.count...])
            outcomes += try await store(rest, purpose: .look, known: known).outcomes.map { outcome in
                if case .rejected = outcome { return .rejected(rejection) }
                return outcome
            }
        }
        if !isMute { await giveBack(room) }
        return outcomes
    }

    private func giveBack(_ room: Room) async {
        guard room.unused > 0 else { return }
        _ = try? await first.run(Scripts.unadmit) { call in
            call.append(room.start)
            call.append(room.unused)
        }
    }

    func backlog() async throws(EngineError) -> (window: [RESPValue], backlog: Int, oldestAge: Duration?) {
        let parts = try await everywhere { (server) throws(EngineError) in
            let parts = try await server.run(Scripts.admission, resends: true) { $0.append("") }.list
            guard parts.count == 6 else { throw EngineError(.failed, "the server's answer about admission cannot be read") }
            return parts
        }
        let age = parts.compactMap { $0[5].number }.max()
        return (parts[0], parts.reduce(0) { $0 + ($1[4].integer ?? 0) }, age.map { .microseconds($0) })
    }
}

/// What one push may still store.
private struct Room {
    /// When the window that was reserved in began.
    let start: String
    /// How long it lasts, in microseconds.
    let time: Int64
    /// Reserved and not used.
    private(set) var unused: Int
    private let isLimited: Bool
    /// How many more the window takes, whoever reserves them.
    private var window: Int
    /// Without a bound, more than there are tasks.
    private var backlog: Int
    private let isTooOld: Bool

    init(_ policy: AdmissionPolicy, for tasks: [NewTask], in partitions: Partitions) async throws(EngineError) {
        var (backlog, isTooOld) = (tasks.count, false)
        if policy.maxBacklog != nil || policy.maxAge != nil {
            let found = try await partitions.backlog()
            if let most = policy.maxBacklog { backlog = max(0, most - found.backlog) }
            if let most = policy.maxAge, let age = found.oldestAge { isTooOld = age > most }
        }
        self.backlog = backlog
        self.isTooOld = isTooOld
        isLimited = policy.limit != nil
        var writer = ByteWriter()
        PushCall.write(policy, to: &writer)
        let wanted = !isLimited || (tasks[0].parent == nil && (isTooOld || backlog == 0)) ? 0 : tasks.count
        let policy = writer
        let parts = try await partitions.first.run(Scripts.admit, isReplicated: true) { call in
            call.append(policy)
            call.append(wanted)
        }.list
        guard parts.count == 4 else { throw EngineError(.failed, "the server's answer about admission cannot be read") }
        unused = isLimited ? parts[0].integer ?? 0 : 0
        time = parts[1].number ?? 1
        start = parts[2].text
        window = isLimited ? parts[3].integer ?? 0 : .max
    }

    func left(isChild: Bool) -> Int {
        let reserved = isLimited ? unused : Int.max
        return isChild ? reserved : isTooOld ? 0 : min(reserved, backlog)
    }

    func cause(isChild: Bool) -> AdmissionRejection.Cause {
        if isChild || window <= 0 { return .window }
        return backlog == 0 ? .backlog : .age
    }

    mutating func take(_ task: NewTask) {
        if isLimited {
            unused -= 1
            window -= 1
        }
        if task.due == .now { backlog = max(0, backlog - 1) }
    }
}
