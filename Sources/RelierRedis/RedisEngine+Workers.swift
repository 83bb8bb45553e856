import Foundation
import NIOCore
public import Relier

extension RedisEngine {
    public func claim(_ request: ClaimRequest) async throws(EngineError) -> [ClaimedTask] {
        try await partitions.claim(request, from: rotation.next())
    }

    public func awaitWork(_ incarnation: Incarnation, queues: [Queue], timeout: Duration) async {
        let deadline = ContinuousClock.now + min(timeout, .days(365))
        guard await wakeups.listen() else { return await pause(timeout) }
        while await looksAgain(incarnation, queues, deadline) {}
    }

    /// Waits once, for ten seconds at most. What is due later than that is announced to nobody, and a wake-up may have gone to a machine that is gone.
    /// - Returns: whether that time has passed and nothing has come.
    private func looksAgain(_ incarnation: Incarnation, _ queues: [Queue], _ deadline: ContinuousClock.Instant) async -> Bool {
        let clock = ContinuousClock()
        let ticket = waiters.arm(for: [])
        let waiter = wakeups.waiter(ticket)
        let longest = max(.zero, min(deadline - clock.now, .seconds(10)))
        defer { waiters.disarm(ticket) }
        let found: [Int64]
        do {
            found = try await partitions.everywhere { (server) throws(EngineError) in
                try await server.idle(incarnation, as: waiter, in: queues, for: longest)
            }
        } catch {
            // The server does not answer: the claim that follows says so. Until then, do not spin.
            if !partitions.isOne { stopWaiting(waiter, in: queues, wokenBy: nil) }
            await pause(deadline - clock.now)
            return false
        }
        if let ready = found.firstIndex(of: 0) {
            rotation.begin(at: ready)
            if !partitions.isOne { stopWaiting(waiter, in: queues, wokenBy: ready) }
            return false
        }
        let due = found.filter { $0 > 0 }.min().map { clock.now + .microseconds($0) }
        let expiry = clock.now + longest
        let isWoken = await waiters.sleep(ticket, until: min(due ?? expiry, expiry))
        if isWoken && partitions.isOne { return false }
        if !isWoken && !Task.isCancelled && expiry < deadline && due.map({ $0 > expiry }) != false {
            // By now the server has let go of this waiter, too, and the next look finds what was announced to it meanwhile.
            return true
        }
        let partition = isWoken ? waiters.origin(of: ticket) : nil
        if let partition { rotation.begin(at: partition) }
        stopWaiting(waiter, in: queues, wokenBy: partition)
        return false
    }

    /// - Parameter partition: the one whose ready task this waiter goes for.
    private func stopWaiting(_ waiter: [UInt8], in queues: [Queue], wokenBy partition: Int?) {
        let partitions = partitions
        Task {
            for server in partitions.servers where server.partition != partition {
                try? await server.stopIdling(waiter, in: partitions.isOne ? [] : queues)
            }
        }
    }

    private func pause(_ timeout: Duration) async { try? await Task.sleep(for: min(max(.zero, timeout), .milliseconds(200))) }

    public func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        if settlements.isEmpty { return [] }
        return try await partitions.settle(settlements)
    }

    public func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        try await partitions.saveCheckpoint(checkpoint, of: task, fence: fence)
    }

    public func acquireKey(_ key: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        try await partitions.acquireKey(key, for: task, fence: fence)
    }

    public func settleKey(_ key: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        try await partitions.settleKey(key, for: task, fence: fence, value: value)
    }

    public func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        try await partitions.bodyReturned(task, fence: fence)
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
