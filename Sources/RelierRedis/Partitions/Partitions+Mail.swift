import RESP
import Relier

/// What the steps of one partition ask of others. Each is noted in the partition in the step that causes it, done by the engine that ran the step, and
/// crossed out; what was not done because that engine died is found by whoever comes by next. All of it may be done any number of times.
extension Partitions {
    /// A request as scripts post it.
    enum Letter: Hashable {
        /// The claim on a key may be over.
        case look(KeyPlace)
        /// Tasks here wait for the key.
        case wait(hash: [UInt8])
        /// The key is free, and tasks of that partition wait for it.
        case wake(hash: [UInt8], partition: Int)

        init?(_ bytes: [UInt8]) {
            guard let letter = bytes.first, bytes.count >= 17 else { return nil }
            let hash = Array(bytes[1..<17])
            switch letter {
            case UInt8(ascii: "r"): self = .wait(hash: hash)
            case UInt8(ascii: "w"):
                guard bytes.count == 19 else { return nil }
                self = .wake(hash: hash, partition: Int(bytes[17]) << 8 | Int(bytes[18]))
            default:
                guard let kind = KeyPlace.Kind(rawValue: letter) else { return nil }
                self = .look(KeyPlace(kind: kind, hash: hash))
            }
        }
    }

    /// Does what was asked in these partitions and not done.
    func deliverAll(from partitions: some Sequence<Int>) async {
        if isOne { return }
        for partition in partitions {
            // In the next rounds is what came of the ones before, or what fails, which has to wait.
            for _ in 0..<10 {
                guard let posted = try? await servers[partition].run(Scripts.mail).list, !posted.isEmpty else { break }
                await deliver(posted, from: partition)
                if posted.count < 100 { break }
            }
        }
    }

    /// Does what was asked there. What fails stays noted.
    func deliver(_ posted: [RESPValue], from partition: Int) async {
        if posted.isEmpty || isMute { return }
        var done: [[UInt8]] = []
        var answers: [Letter: Bool] = [:]
        for entry in posted {
            guard let bytes = entry.bytes else { continue }
            guard let letter = Letter(bytes) else {
                done.append(bytes)
                continue
            }
            let isDone: Bool
            if let known = answers[letter] {
                isDone = known
            } else {
                do throws(EngineError) {
                    isDone = try await carryOut(letter, for: partition)
                } catch {
                    isDone = false
                }
                answers[letter] = isDone
            }
            if isDone { done.append(bytes) }
        }
        if done.isEmpty { return }
        let crossed = done
        _ = try? await servers[partition].run(Scripts.mailDone) { call in
            for bytes in crossed { call.append(bytes: bytes) }
        }
    }

    /// Wakes the next task of a partition that waits for another one's key. Where more wait, the key's partition goes on knowing it; should that second step
    /// never come, housekeeping asks again.
    func wake(waitingFor hash: [UInt8], in partition: Int, count: Int = 1) async throws(EngineError) {
        let reply = try await servers[partition].run(Scripts.wakeForHand) { call in
            call.append(bytes: hash)
            call.append(count)
        }
        guard reply.integer == 1, !isMute else { return }
        _ = try await servers[home(ofKey: hash)].run(Scripts.waitForHand) { call in
            call.append(bytes: hash)
            call.append(bytes: Self.partitionBytes(partition))
            call.append(1)
        }
    }

    private static func partitionBytes(_ partition: Int) -> [UInt8] { [UInt8(partition >> 8), UInt8(partition & 0xff)] }

    private func carryOut(_ letter: Letter, for partition: Int) async throws(EngineError) -> Bool {
        switch letter {
        case .look(let key): return try await look(at: key) != .coming
        case .wake(let hash, let partition):
            guard servers.indices.contains(partition) else { return true }
            try await wake(waitingFor: hash, in: partition)
            return true
        case .wait(let hash):
            let reply = try await servers[home(ofKey: hash)].run(Scripts.waitForHand) { call in
                call.append(bytes: hash)
                call.append(bytes: Self.partitionBytes(partition))
            }
            if reply.isEmptyText {
                try await wake(waitingFor: hash, in: partition)
            } else if reply.text == "f" {
                // Where its holder is gone, that wakes those who wait.
                _ = try await look(at: KeyPlace(kind: .hand, hash: hash))
            }
            return true
        }
    }
}
