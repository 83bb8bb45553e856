import NIOCore
import RESP
import Relier

/// The lease of one joined incarnation, over the leases' own connection.
final class RedisLeaseHolder: LeaseHolder {
    private let incarnation: Incarnation
    private let server: Server
    private let thread: LeaseThread
    /// For a renewal: its caller has to watch its deadline, and tries again.
    private let patience: Duration

    init(_ incarnation: Incarnation, lease: Duration, server: Server, thread: LeaseThread) {
        self.incarnation = incarnation
        self.server = server
        self.thread = thread
        patience = max(.milliseconds(100), min(lease / 4, .seconds(2)))
    }

    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal {
        let (server, incarnation, patience) = (server, incarnation, patience)
        let result = thread.wait { () async -> Result<RESPValue, EngineError> in
            do throws(EngineError) {
                return .success(
                    try await server.run(Scripts.renew, reserving: 128 + heartbeat.holding.count * 32, timeout: patience) { call in
                        Self.append(heartbeat, of: incarnation, to: &call)
                    })
            } catch {
                return .failure(error)
            }
        }
        let reply: RESPValue
        do {
            reply = try result.get()
        } catch {
            // Whether it arrived or not, the holder does not know it renewed.
            throw error.code == .outcomeUnknown ? EngineError(.unavailable, error.message, cause: error.cause) : error
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

    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        let server = server
        let result = thread.wait { () async -> Result<RESPValue, EngineError> in
            do throws(EngineError) {
                return .success(
                    try await server.run(Scripts.settle, reserving: SettleCall.size(settlements), resends: true) { call in
                        SettleCall.append(settlements, to: &call)
                    })
            } catch {
                return .failure(error)
            }
        }
        return try SettleCall.replies(try result.get(), count: settlements.count)
    }
}
