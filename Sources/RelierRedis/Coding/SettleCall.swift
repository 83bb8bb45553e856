import Foundation
import NIOCore
import RESP
import Relier

/// The arguments and the answer of `settle.lua`.
enum SettleCall {
    static func size(_ settlements: [Settlement]) -> Int {
        settlements.reduce(0) { sum, settlement in
            if case .commit(let result) = settlement.outcome { return sum + result.count + 72 }
            return sum + 256
        }
    }

    static func append(_ settlements: [Settlement], to call: inout RESPScriptCall) {
        var writer = ByteWriter()
        for settlement in settlements {
            writer.clear()
            writer.id(settlement.task)
            writer.fence(settlement.fence)
            var pause = Duration.zero
            switch settlement.outcome {
            case .commit: writer.byte(1)
            case .retry(let after, _, _):
                writer.byte(2)
                pause = after
            case .quarantine(_, _, let keyHeld): writer.byte(keyHeld ? 4 : 3)
            case .handBack: writer.byte(5)
            case .snooze: writer.byte(6)
            }
            writer.byte(settlement.bodyRuns ? 1 : 0)
            writer.int64(Microseconds.clamped(pause))
            call.append(writer)
            switch settlement.outcome {
            case .commit(let result): result.withUnsafeBytes { call.append($0) }
            case .retry(_, let reason, let message), .quarantine(let reason, let message, _):
                writer.clear()
                writer.int32(reason.utf8.count)
                writer.text(reason)
                writer.text(message)
                call.append(writer)
            case .handBack: call.append("")
            case .snooze(let key):
                writer.clear()
                writer.raw(KeyHash.of(key))
                writer.text(key)
                call.append(writer)
            }
        }
    }

    /// The answer to one settlement.
    enum Answer {
        case done, refused
        /// The task is not known in this partition.
        case unknown
    }

    static func answers(_ reply: RESPValue, count: Int) throws(EngineError) -> [Answer] {
        guard let buffer = reply.buffer, buffer.readableBytes == count else {
            throw EngineError(.failed, "the server's answer to a settlement cannot be read")
        }
        return buffer.readableBytesView.map { $0 == 0 ? .done : $0 == 1 ? .refused : .unknown }
    }

    static func replies(_ answers: [Answer]) -> [SettleReply] { answers.map { $0 == .done ? .done : .refused } }
}
