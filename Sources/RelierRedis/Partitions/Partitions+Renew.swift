import NIOCore
import RESP
import Relier

extension Partitions {
    /// Counts only once all partitions have answered. Each is named what lives there, and what nobody knows the place of; that is lost when all say so.
    func renew(_ incarnation: Incarnation, _ heartbeat: Heartbeat, within patience: Duration) async throws(EngineError) -> Renewal {
        if isOne { return try await first.renew(incarnation, heartbeat, within: patience) }
        var parts: [Int: Heartbeat] = [:]
        for partition in servers.indices {
            parts[partition] = Heartbeat(
                holding: [:], settledThrough: heartbeat.settledThrough, stuck: partition == 0 ? heartbeat.stuck : 0)
        }
        var homeless: Set<TaskID> = []
        for (id, fence) in heartbeat.holding {
            let home = homes[id]
            if home == nil { homeless.insert(id) }
            for partition in home.map({ $0...$0 }) ?? 0...count - 1 {
                parts[partition]?.holding[id] = fence
                if let progress = heartbeat.progress[id] { parts[partition]?.progress[id] = progress }
            }
        }
        let found = try await at(parts) { (server, part) throws(EngineError) in
            try await server.renew(incarnation, part, within: patience)
        }
        var lost: [TaskID: Int] = [:]
        var sum = 0
        var order: WorkerOrder?
        for (partition, renewal) in found {
            guard case .renewed(let ids, let strays, let given) = renewal else { return .gone }
            for id in ids { lost[id, default: 0] += 1 }
            sum += strays
            if partition == 0 { order = given }
        }
        let all = lost.filter { $0.value == (homeless.contains($0.key) ? count : 1) }
        return .renewed(lost: all.keys.sorted(), strays: sum, order: order)
    }
}

extension Server {
    func renew(_ incarnation: Incarnation, _ heartbeat: Heartbeat, within patience: Duration) async throws(EngineError) -> Renewal {
        let reply = try await run(Scripts.renew, reserving: 128 + heartbeat.holding.count * 32, timeout: patience) { call in
            Self.append(heartbeat, of: incarnation, to: &call)
        }
        guard let parts = reply.elements, parts.count == 3 else { return .gone }
        return .renewed(
            lost: parts[0].ids.sorted(), strays: parts[1].integer ?? 0, order: WorkerOrder(rawValue: parts[2].text))
    }

    private static func append(_ heartbeat: Heartbeat, of incarnation: Incarnation, to call: inout RESPScriptCall) {
        call.append(incarnation)
        call.append(heartbeat.stuck)
        call.append(Int(heartbeat.settledThrough))
        var writer = ByteWriter()
        for (id, fence) in heartbeat.holding {
            writer.id(id)
            writer.fence(fence)
        }
        call.append(writer)
        for (id, progress) in heartbeat.progress {
            guard let fence = heartbeat.holding[id] else { continue }
            writer.clear()
            writer.id(id)
            writer.fence(fence)
            progress.write(to: &writer)
            call.append(writer)
        }
    }
}
