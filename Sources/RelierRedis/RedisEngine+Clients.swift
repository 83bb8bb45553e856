import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func push(_ tasks: [NewTask], admission: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
        if tasks.isEmpty { return [] }
        try await ready()
        return try await pushes.push(tasks, policy: admission)
    }

    /// One call.
    static func push(_ tasks: [NewTask], policy: AdmissionPolicy?, to server: Server) async throws(EngineError) -> [PushOutcome] {
        let push = PushCall(tasks, policy: policy)
        let reply = try await server.run(
            Scripts.push, reserving: push.size, isReplicated: true, refusal: fenced(push)
        ) { call in push.append(to: &call) }
        return try push.outcomes(reply)
    }

    static func fenced(_ push: PushCall) -> Refusal {
        Refusal { word, text in
            guard word == "FENCED" else { return nil }
            let parent = Int(text.prefix { $0.isNumber }).flatMap(push.parent)?.description ?? "that pushes"
            return EngineError(.fenced, "the task \(parent) is not running under this fence any more; its children were not pushed")
        }
    }

    public func status(of ids: [TaskID]) async throws(EngineError) -> [TaskID: TaskStatus] {
        if ids.isEmpty { return [:] }
        try await ready()
        return try await watch(ids, listeningFor: nil)
    }

    /// - Parameter pause: note who is to be told of the next end, for so long.
    private func watch(_ ids: [TaskID], listeningFor pause: Duration?) async throws(EngineError) -> [TaskID: TaskStatus] {
        let reply = try await server.run(Scripts.watch, reserving: ids.count * 24, resends: true) { call in
            call.append(pause == nil ? "" : wakeups.token)
            call.append(Int((pause ?? .zero).microseconds / 1000) + 1000)
            for id in ids { call.append(id) }
        }
        return StatusReply.read(reply.list, ids: ids)
    }

    /// How long a waiter sleeps before it looks again although nobody told it to.
    private static let patience = Duration.seconds(30)

    public func awaitEnd(of ids: [TaskID], timeout: Duration) async throws(EngineError) -> [TaskID: TaskStatus] {
        if ids.isEmpty { return [:] }
        try await ready()
        let clock = ContinuousClock()
        let deadline = clock.now + min(timeout, .days(365))
        let isListening = await wakeups.listen()
        while true {
            let ticket = waiters.arm(for: ids)
            defer { waiters.disarm(ticket) }
            let pause = min(deadline - clock.now, isListening ? Self.patience : .milliseconds(200))
            let found = try await watch(ids, listeningFor: isListening && pause > .zero ? pause : nil)
            if found.count < Set(ids).count || found.values.contains(where: \.state.isEnd) { return found }
            if pause <= .zero || Task.isCancelled { return found }
            await waiters.sleep(ticket, until: clock.now + pause)
        }
    }
}

/// Reads the answer of `watch.lua`.
enum StatusReply {
    static func read(_ parts: [RESPValue], ids: [TaskID]) -> [TaskID: TaskStatus] {
        let now = parts.first?.number ?? 0
        var result: [TaskID: TaskStatus] = [:]
        result.reserveCapacity(ids.count)
        for (index, id) in ids.enumerated() where 2 * index + 2 < parts.count {
            guard var buffer = parts[2 * index + 1].buffer, let letter = buffer.readInteger(as: UInt8.self) else { continue }
            switch letter {
            case UInt8(ascii: "l"):
                guard let head = TaskHead(&buffer) else { continue }
                result[id] = TaskStatus(state: TaskState(number: head.state), progress: TaskProgress(parts[2 * index + 2].buffer))
            case UInt8(ascii: "d"):
                let letter = DeadLetter(buffer)
                result[id] = TaskStatus(state: .quarantined, reason: letter.reason, message: letter.message)
            default:
                guard let record = EndedRecord(buffer) else { continue }
                result[id] = TaskStatus(state: record.state, result: record.result(at: now))
            }
        }
        return result
    }
}
