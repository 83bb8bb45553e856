import RESP
import Relier

extension RedisEngine {
    /// - Throws: `failed` where the namespace was created with another number of partitions.
    func requirePartitions() async throws(EngineError) {
        let stored: Int
        do {
            if let known = Int(try await server.send(RESPCommand("GET", "\(server.anchor):partitions")).text) {
                stored = known
            } else {
                stored = try await server.run(Scripts.partitions, resends: true).integer ?? 1
            }
        } catch {
            // Who may not write, or not now, looks on and drains all the same: what has no number counts as one.
            guard partitions.isOne, [.full, .readOnly, .failed].contains(error.code) else { throw error }
            return
        }
        guard stored == partitions.count else {
            throw EngineError(
                .failed,
                "the namespace '\(options.namespace)' has \(stored) partition\(stored == 1 ? "" : "s"), not \(partitions.count); "
                    + "set partitions to \(stored), or use another namespace")
        }
    }
}
