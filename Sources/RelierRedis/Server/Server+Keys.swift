import Foundation
import RESP
import Relier

extension Refusal {
    static func fenced(_ key: String, _ task: TaskID) -> Refusal {
        .fenced("the task \(task) is not running under this fence any more; it may not take the key '\(key)'")
    }
}

extension Server {
    func acquireKey(_ key: String, _ hash: [UInt8], for task: TaskID, fence: Fence) async throws(EngineError) -> RESPValue {
        try await run(Scripts.acquireKey, resends: true, refusal: .fenced(key, task)) { call in
            call.append(task)
            call.append(fence)
            call.append(bytes: hash)
        }
    }

    /// - Parameter name: the hash of the key, and where that is another partition's, the task behind it.
    func settleKey(
        _ key: String, _ name: [UInt8], for task: TaskID, fence: Fence, value: KeyValue?
    ) async throws(EngineError) -> RESPValue {
        try await run(
            Scripts.settleKey, isReplicated: true,
            refusal: Refusal { word, text in
                guard word == "FENCED" else { return nil }
                return text.hasPrefix("key")
                    ? EngineError(.fenced, "the task \(task) does not hold the key '\(key)'")
                    : EngineError(
                        .fenced, "the task \(task) is not running under this fence any more; the key '\(key)' was not settled")
            }
        ) { call in
            call.append(task)
            call.append(fence)
            call.append(bytes: name)
            var writer = ByteWriter()
            if let value {
                writer.int64(Microseconds.clamped(value.ttl))
                writer.byte(value.value == nil ? 0 : 1)
                writer.raw(value.value ?? Data())
            }
            call.append(writer)
        }
    }
}
