import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] {
        let token = UInt64.random(in: .min ... .max)
        let reply = try await server.run(
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
            call.append(request.suspects ? "1" : "")
            for share in request.shares {
                call.append(share.queue.name)
                call.append(max(0, share.slots))
            }
        }
        return ClaimReply.read(reply.list, token: token, isSuspect: request.suspects)
    }

    public func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {
        let clock = ContinuousClock()
        let deadline = clock.now + min(timeout, .days(365))
        guard await wakeups.listen() else { return await pause(timeout) }
        let ticket = waiters.arm(for: [])
        let waiter = wakeups.waiter(ticket)
        // After that the worker looks by itself: what is due later is announced to nobody, and a wake-up may have gone to a machine that is gone.
        let longest = min(deadline - clock.now, .seconds(10))
        defer { waiters.disarm(ticket) }
        let found: Int64
        do {
            let reply = try await server.run(Scripts.idle) { call in
                call.append(incarnation)
                call.append(bytes: waiter)
                call.append(Int(Microseconds.clamped(longest)))
                for queue in queues { call.append(queue.name) }
            }
            found = reply.number ?? 0
        } catch {
            // The server does not answer: the claim that follows says so. Until then, do not spin.
            return await pause(timeout)
        }
        if found == 0 { return }
        var until = clock.now + max(.zero, longest)
        if found > 0 { until = min(until, clock.now + .microseconds(found)) }
        if await waiters.sleep(ticket, until: until) { return }
        let server = server
        Task {
            _ = try? await server.run(Scripts.unidle) { $0.append(bytes: waiter) }
        }
    }

    private func pause(_ timeout: Duration) async { try? await Task.sleep(for: min(max(.zero, timeout), .milliseconds(200))) }

    public func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        let reply = try await server.run(Scripts.settle, reserving: SettleCall.size(settlements), isReplicated: true, resends: true) {
            call in
            SettleCall.append(settlements, to: &call)
        }
        return try SettleCall.replies(reply, count: settlements.count)
    }

    public func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        _ = try await server.run(
            Scripts.checkpoint, resends: true,
            refusal: .fenced("the task \(task) is not running under this fence any more; its checkpoint was not saved")
        ) { call in
            call.append(task)
            call.append(fence)
            call.append(bytes: checkpoint.map { [UInt8(ascii: "1")] + $0.stored } ?? [])
        }
    }

    public func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        let reply = try await server.run(
            Scripts.acquireKey, resends: true,
            refusal: .fenced("the task \(task) is not running under this fence any more; it may not take the key '\(key)'")
        ) { call in
            call.append(task)
            call.append(fence)
            call.append(bytes: KeyHash.of(key))
        }
        guard var buffer = reply.buffer, let letter = buffer.readInteger(as: UInt8.self) else { return .acquired }
        switch letter {
        case UInt8(ascii: "v"): return .completed(buffer.data)
        case UInt8(ascii: "n"): return .completed(nil)
        default: return buffer.readID(TaskID.self).map { .held(by: $0) } ?? .acquired
        }
    }

    public func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        _ = try await server.run(
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
            call.append(bytes: KeyHash.of(key))
            var writer = ByteWriter()
            if let value {
                writer.int64(Microseconds.clamped(value.ttl))
                writer.byte(value.value == nil ? 0 : 1)
                writer.raw(value.value ?? Data())
            }
            call.append(writer)
        }
    }

    public func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        _ = try await server.run(Scripts.bodyReturned, resends: true) { call in
            call.append(task)
            call.append(fence)
        }
    }
}

extension Checkpoint {
    /// One letter, then the bytes, or the size in 8 and the name of the file.
    var stored: [UInt8] {
        switch self {
        case .inline(let data): return [UInt8(ascii: "i")] + data
        case .file(let name, let bytes):
            var writer = ByteWriter()
            writer.byte(Int(UInt8(ascii: "f")))
            writer.int64(Int64(bytes))
            writer.text(name)
            return writer.bytes
        }
    }

    init?(stored: ByteBuffer?) {
        guard var buffer = stored, let letter = buffer.readInteger(as: UInt8.self) else { return nil }
        if letter == UInt8(ascii: "i") {
            self = .inline(buffer.data)
        } else {
            guard let bytes = buffer.readInteger(as: Int64.self) else { return nil }
            self = .file(name: String(buffer: buffer), bytes: Int(bytes))
        }
    }
}
