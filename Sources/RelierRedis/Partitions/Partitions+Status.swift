import Relier

extension Partitions {
    func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] {
        if isOne { return try await first.watch(ids, channel: "", pause: nil) }
        var parts: [Int: [TaskID]] = [:]
        var missing: [TaskID] = []
        for id in ids {
            if let home = homes[id] { parts[home, default: []].append(id) } else { missing.append(id) }
        }
        if !missing.isEmpty {
            for partition in servers.indices { parts[partition, default: []] += missing }
        }
        let found = try await at(parts) { (server, ids) throws(EngineError) in try await server.watch(ids, channel: "", pause: nil) }
        for (partition, known) in found { homes.note(known.keys, in: partition) }
        return found.values.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }

    /// Like ``status(of:)``, and where none of them has ended, whoever ends one of them tells the channel.
    func watch(_ ids: [TaskID], channel: String, pause: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        if isOne { return try await first.watch(ids, channel: channel, pause: pause) }
        // Only where a task lives can somebody be told of its end.
        if ids.contains(where: { homes[$0] == nil }) {
            let found = try await status(of: ids)
            if found.count < Set(ids).count || found.values.contains(where: \.state.isEnd) { return found }
        }
        let parts = Self.apart(ids) { homes[$0] ?? home(of: $0) }
        let found = try await at(parts) { (server, ids) throws(EngineError) in
            try await server.watch(ids, channel: channel, pause: pause)
        }
        return found.values.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    }
}
