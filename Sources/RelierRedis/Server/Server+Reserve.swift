import NIOCore
import RESP
import Relier

extension Server {
    /// The answer of `key_reserve.lua` to one task.
    enum Reservation {
        case free(operation: [UInt8])
        case taken(TaskID)
        case elsewhere
    }

    /// Reserves keys of this partition for tasks that are about to be pushed into another.
    func reserve(
        _ tasks: [(hash: [UInt8], id: TaskID, token: UInt64)], for partition: Int, isLooking: Bool = false
    ) async throws(EngineError) -> [Reservation] {
        let reply = try await run(Scripts.reserveKeys, reserving: tasks.count * 64, isReplicated: true) { call in
            call.append(partition)
            call.append(isLooking ? "1" : "")
            for task in tasks {
                var writer = ByteWriter()
                writer.raw(task.hash)
                writer.id(task.id)
                writer.id(TaskID.next())
                writer.bits64(task.token)
                call.append(writer)
            }
        }.list
        guard reply.count == tasks.count else { throw EngineError(.failed, "the server's answer about keys cannot be read") }
        return reply.map { value in
            guard var buffer = value.buffer, let letter = buffer.readInteger(as: UInt8.self) else { return .elsewhere }
            if letter == UInt8(ascii: "o") { return .free(operation: Array(buffer.readableBytesView)) }
            if letter == UInt8(ascii: "d"), let owner = buffer.readID(TaskID.self) { return .taken(owner) }
            return .elsewhere
        }
    }
}
