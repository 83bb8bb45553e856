import RESP
import Relier

extension Partitions {
    func settle(_ settlements: [Settlement]) async throws(EngineError) -> [SettleReply] {
        if isOne { return SettleCall.replies(try await first.settle(settlements).answers) }
        var answers: [SettleCall.Answer] = Array(repeating: .unknown, count: settlements.count)
        var mail: [Int: [RESPValue]] = [:]
        let known = settlements.map { homes[$0.task] }
        // Who does not know where a task lives asks one partition after the other; the first that knows the task decides.
        for round in 0..<count {
            let open = settlements.indices.filter { answers[$0] == .unknown && (round == 0 || known[$0] == nil) }
            if open.isEmpty { break }
            let parts = Self.apart(open) { index in known[index] ?? (home(of: settlements[index].task) + round) % count }
            let found = try await at(parts) { (server, places) throws(EngineError) in
                let reply = try await server.settle(places.map { settlements[$0] })
                return (places, reply.answers, reply.mail)
            }
            for (partition, (places, replies, posted)) in found {
                for (index, answer) in zip(places, replies) {
                    answers[index] = answer
                    if answer != .unknown { homes.note([settlements[index].task], in: partition) }
                }
                if !posted.isEmpty { mail[partition, default: []] += posted }
            }
        }
        for (partition, posted) in mail { await deliver(posted, from: partition) }
        return SettleCall.replies(answers)
    }

    func saveCheckpoint(_ checkpoint: Checkpoint?, of task: TaskID, fence: Fence) async throws(EngineError) {
        _ = try await server(of: task).run(
            Scripts.checkpoint, resends: true,
            refusal: .fenced("the task \(task) is not running under this fence any more; its checkpoint was not saved")
        ) { call in
            call.append(task)
            call.append(fence)
            call.append(bytes: checkpoint.map { [UInt8(ascii: "1")] + $0.stored } ?? [])
            call.append(bytes: checkpoint.map { Array($0.identity) } ?? Array(repeating: 0, count: 16))
        }
    }

    func bodyReturned(_ task: TaskID, fence: Fence) async throws(EngineError) {
        // Of a task that has ended little is known; what is kept for its body is found wherever that is.
        let home = homes[task]
        let asked = home.map { [$0] } ?? Array(servers.indices)
        _ = try await at(Dictionary(uniqueKeysWithValues: asked.map { ($0, ()) })) { (server, _) throws(EngineError) in
            _ = try await server.run(Scripts.bodyReturned, resends: true) { call in
                call.append(task)
                call.append(fence)
            }
        }
        await deliverAll(from: asked)
    }
}

extension Server {
    func settle(_ settlements: [Settlement]) async throws(EngineError) -> (answers: [SettleCall.Answer], mail: [RESPValue]) {
        let reply = try await run(
            Scripts.settle, reserving: SettleCall.size(settlements), isReplicated: true, resends: true
        ) { call in
            SettleCall.append(settlements, to: &call)
        }
        let parts = reply.elements
        return (try SettleCall.answers(parts?.first ?? reply, count: settlements.count), parts?.last?.list ?? [])
    }
}
