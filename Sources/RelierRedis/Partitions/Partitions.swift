import Relier

/// The partitions of a namespace as one connection sees them, and what is known of where tasks live. What concerns more than one of them is put together
/// here; each step is atomic in its own.
struct Partitions: Sendable {
    let servers: [Server]
    let homes: Homes
    /// For tests that die between the two steps of a change: what leaves one partition for another never arrives.
    let isMute: Bool

    init(_ servers: [Server], homes: Homes, isMute: Bool = false) {
        self.servers = servers
        self.homes = homes
        self.isMute = isMute
    }

    var count: Int { servers.count }
    var isOne: Bool { servers.count == 1 }
    /// Where that lives of which there is one: the admission window, schedules, and the word on who is joined.
    var first: Server { servers[0] }

    /// The partition of a key, by its hash; scripts count alike (`keys.lua`).
    func home(ofKey hash: [UInt8]) -> Int { isOne ? 0 : (Int(hash[0]) << 8 | Int(hash[1])) % count }

    /// The partition of tasks without key and limits.
    func home(of id: TaskID) -> Int { isOne ? 0 : Int((id.low ^ id.low >> 32) % UInt64(count)) }

    /// Tasks with limits live with the gates of their kind, all in one partition; those with a key live with it; any other by its id.
    func home(of task: NewTask) -> Int {
        if isOne { return 0 }
        if !task.limits.isEmpty { return Int(KeyHash.ofLimit(task.envelope.name) % UInt64(count)) }
        if let key = task.key { return home(ofKey: KeyHash.of(key)) }
        return home(of: task.envelope.id)
    }

    /// Asks all partitions at once. Where one does not answer and others did, the outcome is unknown.
    func everywhere<Value: Sendable>(
        _ ask: @escaping @Sendable (Server) async throws(EngineError) -> Value
    ) async throws(EngineError) -> [Value] {
        if isOne { return [try await ask(first)] }
        return try await at(Dictionary(uniqueKeysWithValues: servers.indices.map { ($0, ()) })) { (server, _) throws(EngineError) in
            try await ask(server)
        }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Asks some partitions at once, each with its own part of the question.
    func at<Part: Sendable, Value: Sendable>(
        _ parts: [Int: Part], _ ask: @escaping @Sendable (Server, Part) async throws(EngineError) -> Value
    ) async throws(EngineError) -> [Int: Value] {
        if parts.count == 1, let (partition, part) = parts.first { return [partition: try await ask(servers[partition], part)] }
        let results = await withTaskGroup(of: (Int, Result<Value, EngineError>).self) { group in
            for (partition, part) in parts {
                let server = servers[partition]
                group.addTask {
                    do throws(EngineError) {
                        return (partition, .success(try await ask(server, part)))
                    } catch {
                        return (partition, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        return try Self.merged(results)
    }

    private static func merged<Value>(_ results: [Int: Result<Value, EngineError>]) throws(EngineError) -> [Int: Value] {
        var values: [Int: Value] = [:]
        var failures: [(Int, EngineError)] = []
        for (partition, result) in results {
            switch result {
            case .success(let value): values[partition] = value
            case .failure(let error): failures.append((partition, error))
            }
        }
        guard let (_, error) = failures.min(by: { $0.0 < $1.0 }) else { return values }
        if let unknown = failures.first(where: { $0.1.code == .outcomeUnknown })?.1 { throw unknown }
        // What was carried out elsewhere stays; sent again it changes nothing.
        if !values.isEmpty && [.unavailable, .full, .readOnly, .busy].contains(error.code) {
            throw EngineError(.outcomeUnknown, error.message, cause: error)
        }
        throw error
    }

    /// Puts the indices of what lives in different partitions apart, in their order.
    static func apart<Element>(_ list: some Collection<Element>, by home: (Element) -> Int) -> [Int: [Element]] {
        Dictionary(grouping: list, by: home)
    }

    /// Where these tasks live, as far as anybody knows them.
    func locate(_ ids: some Collection<TaskID>) async throws(EngineError) -> [TaskID: Int] {
        var found: [TaskID: Int] = [:]
        if isOne {
            for id in ids { found[id] = 0 }
            return found
        }
        var missing: [TaskID] = []
        for id in Set(ids) {
            if let home = homes[id] { found[id] = home } else { missing.append(id) }
        }
        if missing.isEmpty { return found }
        let asked = missing
        _ = try await everywhere { (server) throws(EngineError) in
            let known = try await server.watch(asked, channel: "", pause: nil).keys
            homes.note(known, in: server.partition)
        }
        for id in asked { found[id] = homes[id] }
        return found
    }

    /// Where a task lives, or the partition that refuses it as well as any other.
    func server(of id: TaskID) async throws(EngineError) -> Server {
        if isOne { return first }
        return servers[try await locate([id])[id] ?? home(of: id)]
    }
}
