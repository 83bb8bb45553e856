import NIOCore
import RESP
import Relier

extension Partitions {
    /// Why a dead letter stays where it is.
    enum Blocked {
        case absent
        /// Its body still holds a key that it took by hand.
        case hand
        case key(TaskID)
    }

    func inspect(_ id: TaskID) async throws(EngineError) -> (details: TaskDetails, partition: Int)? {
        let found = try await everywhere { (server) throws(EngineError) in
            InspectReply(try await server.run(Scripts.inspect, resends: true) { $0.append(id) }.list)?.details(of: id)
        }
        return found.enumerated().lazy.compactMap { partition, details in details.map { ($0, partition) } }.first
    }

    /// Where its key lives in another partition it is reserved there first, as for a push.
    func releaseDeadLetter(_ id: TaskID, key: String?, in partition: Int, fresh: Bool) async throws(EngineError) -> Blocked? {
        let hash = key.map(KeyHash.of)
        let foreign = hash.flatMap { home(ofKey: $0) == partition ? nil : $0 }
        while true {
            var reservation: KeyReservation?
            if let foreign {
                // Nothing is reserved for what cannot be released.
                guard let state = try await servers[partition].watch([id], channel: "", pause: nil)[id]?.state, state == .quarantined else {
                    return .absent
                }
                let token = UInt64.random(in: 0 ... .max)
                switch try await servers[home(ofKey: foreign)].reserve([(foreign, id, token)], for: partition)[0] {
                case .free(let operation): reservation = KeyReservation(operation: operation, token: token)
                case .taken(let owner): return .key(owner)
                case .elsewhere:
                    if case .held(let owner) = try await settledLook(at: KeyPlace(kind: .task, hash: foreign)) { return .key(owner) }
                    continue
                }
                if isMute { throw EngineError(.outcomeUnknown, "told to die before the release") }
            }
            let reserved = reservation
            let reply = try await servers[partition].run(Scripts.releaseLetter) { call in
                call.append(id)
                call.append(fresh ? "1" : "")
                var writer = ByteWriter()
                if let reserved {
                    writer.raw(reserved.operation)
                    writer.bits64(reserved.token)
                } else {
                    writer.id(TaskID.next())
                }
                call.append(writer)
            }
            guard var buffer = reply.buffer, let letter = buffer.readInteger(as: UInt8.self) else { return nil }
            switch letter {
            case UInt8(ascii: "b"): return .hand
            case UInt8(ascii: "f"):
                guard let hash else { return .absent }
                if case .held(let owner) = try await settledLook(at: KeyPlace(kind: .task, hash: hash)) { return .key(owner) }
            case UInt8(ascii: "l"): continue
            case UInt8(ascii: "k"): return buffer.readID(TaskID.self).map { .key($0) } ?? .absent
            default: return .absent
            }
        }
    }
}
