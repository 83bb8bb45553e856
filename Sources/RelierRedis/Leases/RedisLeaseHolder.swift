import Relier

/// The lease of one joined incarnation, over the leases' own connection.
final class RedisLeaseHolder: LeaseHolder {
    private let incarnation: Incarnation
    private let partitions: Partitions
    private let thread: LeaseThread
    /// For a renewal: its caller has to watch its deadline, and tries again.
    private let patience: Duration

    init(_ incarnation: Incarnation, lease: Duration, partitions: Partitions, thread: LeaseThread) {
        self.incarnation = incarnation
        self.partitions = partitions
        self.thread = thread
        patience = max(.milliseconds(100), min(lease / 4, .seconds(2)))
    }

    func renew(_ heartbeat: Heartbeat) throws(EngineError) -> Renewal {
        let (partitions, incarnation, patience) = (partitions, incarnation, patience)
        let result = thread.wait { () async -> Result<Renewal, EngineError> in
            do throws(EngineError) {
                return .success(try await partitions.renew(incarnation, heartbeat, within: patience))
            } catch {
                return .failure(error)
            }
        }
        do {
            return try result.get()
        } catch {
            // Whether it arrived or not, the holder does not know it renewed.
            throw error.code == .outcomeUnknown ? EngineError(.unavailable, error.message, cause: error.cause) : error
        }
    }

    func settle(_ settlements: [Settlement]) throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        let partitions = partitions
        let result = thread.wait { () async -> Result<[SettleReply], EngineError> in
            do throws(EngineError) {
                return .success(try await partitions.settle(settlements))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
