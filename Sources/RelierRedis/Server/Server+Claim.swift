import RESP
import Relier

/// Which suspects a claim in one partition may take, as `claim.lua` knows it.
enum SuspectChoice: String, Sendable {
    case any = "1"
    /// Only one that has lost no worker while it ran alone.
    case shared = "s"
    /// Only one that has, so that it needs its host to itself.
    case exclusive = "e"
}

extension Server {
    /// - Parameter isWithinShares: take no more than each queue's share, though slots are left.
    func claim(_ request: ClaimRequest, token: UInt64, suspects: SuspectChoice = .any, isWithinShares: Bool = false)
        async throws(EngineError) -> [ClaimedTask]
    {
        let reply = try await run(
            Scripts.claim,
            refusal: .fenced("the incarnation \(request.incarnation) is not joined any more; join anew")
        ) { call in
            call.append(request.incarnation)
            var writer = ByteWriter()
            writer.int64(max(0, request.number))
            call.append(writer)
            writer.clear()
            writer.bits64(token)
            call.append(writer)
            call.append(max(0, request.limit))
            call.append(request.suspects ? suspects.rawValue : isWithinShares ? "2" : "")
            for share in request.shares {
                call.append(share.queue.name)
                call.append(max(0, share.slots))
            }
        }
        return ClaimReply.read(reply.list, token: token, isSuspect: request.suspects)
    }

    /// Zero when there is work, otherwise the microseconds until something is due, or less than zero.
    func idle(
        _ incarnation: Incarnation, as waiter: [UInt8], in queues: [Queue], for longest: Duration
    ) async throws(EngineError) -> Int64 {
        try await run(Scripts.idle) { call in
            call.append(incarnation)
            call.append(bytes: waiter)
            call.append(Int(Microseconds.clamped(longest)))
            for queue in queues { call.append(queue.name) }
        }.number ?? 0
    }

    /// - Parameter queues: in which a wake-up that went to this waiter is passed on.
    func stopIdling(_ waiter: [UInt8], in queues: [Queue]) async throws(EngineError) {
        _ = try await run(Scripts.unidle) { call in
            call.append(bytes: waiter)
            for queue in queues { call.append(queue.name) }
        }
    }
}
