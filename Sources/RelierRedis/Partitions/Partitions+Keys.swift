import NIOCore
import RESP
import Relier

extension Partitions {
    /// What stands behind a claim of another partition on a key.
    enum Claim: Equatable {
        /// There is none, or none any more.
        case gone
        /// The task, which has to do with it in its own partition.
        case held(TaskID)
        /// Reserved for a task whose push has not come, and may still come.
        case coming
    }

    /// How old a reservation has to be before whoever wants the key refuses the push that it was made for.
    private static let patience: Int64 = 1_000_000

    /// Asks the owner's partition what became of its claim, and writes that into the key's own record where it is over.
    ///
    /// Written is only over the record that was asked about. Where this ends between two of its steps, the next one begins anew.
    /// - Parameter unused: the token of a reservation that its push has not used.
    func look(at key: KeyPlace, unused: UInt64? = nil) async throws(EngineError) -> Claim {
        let own = servers[home(ofKey: key.hash)]
        let seen = try await own.run(Scripts.lookAtKey) { call in
            call.append(bytes: key.letter)
            call.append(bytes: key.hash)
        }.list
        guard seen.count == 2, let record = seen[0].buffer, let claim = ElsewhereClaim(record) else { return .gone }
        guard servers.indices.contains(claim.partition) else {
            throw EngineError(.corrupt, "a key in \(own.location) belongs to the partition \(claim.partition), of which there is none")
        }
        var unusedToken = ByteWriter()
        if let unused { unusedToken.bits64(unused) }
        let isOld = (seen[1].number ?? 0) >= Self.patience || claim.token == unusedToken.bytes
        let truth = try await servers[claim.partition].run(Scripts.truthOfKey) { call in
            call.append(bytes: key.letter)
            call.append(bytes: key.hash)
            call.append(claim.owner)
            call.append(bytes: claim.token)
            call.append(isOld ? "1" : "")
        }
        if truth.text == "h" { return .held(claim.owner) }
        if truth.text == "y" { return .coming }
        let new = truth.list
        let posted = try await own.run(Scripts.swapKey) { call in
            call.append(bytes: key.letter)
            call.append(bytes: key.hash)
            call.append(record)
            call.append(bytes: new.first?.bytes ?? [])
            call.append(new.last?.text ?? "")
        }
        await deliver(posted.list, from: own.partition)
        return .gone
    }

    /// Waits until a claim that may still be made is made, or out of date.
    func settledLook(at key: KeyPlace) async throws(EngineError) -> Claim {
        while true {
            let claim = try await look(at: key)
            guard claim == .coming else { return claim }
            // Also where the caller is cancelled: it ends by itself within a second.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
    }

    // Taken by hand

    func acquireKey(_ name: String, for task: TaskID, fence: Fence) async throws(EngineError) -> KeyAnswer {
        let hash = KeyHash.of(name)
        let server = try await server(of: task)
        let key = KeyPlace(kind: .hand, hash: hash)
        while true {
            let reply =
                home(ofKey: hash) == server.partition
                ? try await server.acquireKey(name, hash, for: task, fence: fence)
                : try await acquire(name, hash, for: task, in: server, fence: fence)
            guard var buffer = reply.buffer, let letter = buffer.readInteger(as: UInt8.self) else { return .acquired }
            switch letter {
            case UInt8(ascii: "v"), UInt8(ascii: "n"):
                // Those that wait for it in the task's own partition get the same answer; where this fails, housekeeping wakes them.
                if home(ofKey: hash) != server.partition { try? await wake(waitingFor: hash, in: server.partition, count: 2) }
                return .completed(letter == UInt8(ascii: "v") ? buffer.data : nil)
            case UInt8(ascii: "f"):
                if case .held(let owner) = try await look(at: key) { return .held(by: owner) }
            default: return buffer.readID(TaskID.self).map { .held(by: $0) } ?? .acquired
            }
        }
    }

    /// Noted with the task before it is taken: whoever ends the task knows what to free.
    private func acquire(
        _ name: String, _ hash: [UInt8], for task: TaskID, in server: Server, fence: Fence
    ) async throws(EngineError) -> RESPValue {
        let own = servers[home(ofKey: hash)]
        var writer = ByteWriter()
        writer.bits64(.random(in: 0 ... .max))
        let token = writer
        func note(again: Bool) async throws(EngineError) -> RESPValue {
            try await server.run(Scripts.noteHand, resends: true, refusal: .fenced(name, task)) { call in
                call.append(task)
                call.append(fence)
                call.append(bytes: hash)
                call.append(again ? "1" : "")
                call.append(token)
            }
        }
        if try await note(again: false).text == "c" {
            _ = try await look(at: KeyPlace(kind: .hand, hash: hash))
            _ = try await note(again: true)
        }
        if isMute { return .null }
        let reply = try await own.run(Scripts.takeHand, resends: true) { call in
            call.append(task)
            call.append(server.partition)
            call.append(bytes: hash)
            call.append(token)
        }
        if !reply.isEmptyText {
            _ = try await server.run(Scripts.dropHand, resends: true) { call in
                call.append(task)
                call.append(bytes: hash)
                call.append(token)
            }
        }
        return reply
    }

    func settleKey(_ name: String, for task: TaskID, fence: Fence, value: KeyValue?) async throws(EngineError) {
        let hash = KeyHash.of(name)
        let server = try await server(of: task)
        let isOwn = home(ofKey: hash) == server.partition
        let posted = try await server.settleKey(name, isOwn ? hash : hash + task.bytes, for: task, fence: fence, value: value)
        await deliver(posted.list, from: server.partition)
    }
}

/// A key's record that names a task in another partition, see `keys.lua`.
private struct ElsewhereClaim {
    let owner: TaskID
    let partition: Int
    let token: [UInt8]

    init?(_ record: ByteBuffer) {
        var buffer = record
        guard buffer.readInteger(as: UInt8.self) == 3, let owner = buffer.readID(TaskID.self),
            let partition = buffer.readInteger(as: UInt32.self), let token = record.getBytes(at: record.writerIndex - 8, length: 8)
        else { return nil }
        self.owner = owner
        self.partition = Int(partition)
        self.token = token
    }
}
