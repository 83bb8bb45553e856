import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("Keys of one partition for tasks of another", .serialized)
struct PartitionKeyTests: PartitionScene {
    let namespace = "p-\(UUID().uuidString)"

    @Test("a key that was reserved for a push that never came is taken over, and the push is refused should it come")
    func reservation() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let key = foreignKey(other)
        let lost = task(key: key, limits: [limit])
        await dies { _ = try await doomed.push([lost]) }
        let next = task(key: key, limits: [limit])
        #expect(try await other.push([next]) == [.accepted])
        #expect(try await state(other, lost.envelope.id) == nil)
        #expect(try await other.push([lost]) == [.duplicate(by: next.envelope.id)])
        // Without limits the key is where it was.
        #expect(try await other.push([task("other", key: key)]) == [.duplicate(by: next.envelope.id)])
        try await doomed.close()
        try await other.close()
    }

    @Test("a late push under a reservation that was taken over is refused")
    func lateReservation() async throws {
        let engine = try await engine()
        let key = foreignKey(engine)
        let (late, next) = (task(key: key, limits: [limit]), task(key: key, limits: [limit]))
        let (hash, home) = (KeyHash.of(key), engine.partitions.home(of: late))
        guard
            case .free(let operation) = try await engine.partitions.servers[engine.partitions.home(ofKey: hash)]
                .reserve([(hash, late.envelope.id, 7)], for: home)[0]
        else { throw Missing("the key is not free") }
        #expect(try await engine.push([next]) == [.accepted])
        let call = PushCall([late], reservations: [0: KeyReservation(operation: operation, token: 7)])
        #expect(try call.answers(try await engine.partitions.servers[home].push(call)) == [.lost])
        #expect(try await state(engine, late.envelope.id) == nil)
        try await engine.close()
    }

    @Test("a key whose owner has ended unheard is found free, or completed", arguments: [true, false])
    func endUnheard(commits: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        let key = foreignKey(other)
        let owner = task(key: key, limits: [limit])
        #expect(try await other.push([owner]) == [.accepted])
        let claimed = try await claim(other, info, 1)[0]
        try await settle(
            doomed, claimed,
            commits ? .commit(result: Data("1".utf8)) : .quarantine(reason: "E", message: "m", keyHeld: false))
        let outcome = try await other.push([task("other", key: key)])
        #expect(outcome == (commits ? [.duplicate(by: owner.envelope.id)] : [.accepted]))
        try await doomed.close()
        try await other.close()
    }

    @Test("a dead letter whose release never came leaves its key free")
    func release() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        let key = foreignKey(other)
        let letter = task(key: key, limits: [limit])
        #expect(try await other.push([letter]) == [.accepted])
        try await settle(other, try await claim(other, info, 1)[0], .quarantine(reason: "E", message: "m", keyHeld: false))
        await dies { try await doomed.releaseDeadLetter(letter.envelope.id, fresh: false) }
        try await other.releaseDeadLetter(letter.envelope.id, fresh: false)
        let again = try await claim(other, info, 2)[0]
        #expect(again.envelope.id == letter.envelope.id)
        try await settle(other, again, .quarantine(reason: "E", message: "m", keyHeld: false))
        await dies { try await doomed.releaseDeadLetter(letter.envelope.id, fresh: false) }
        let next = task("other", key: key)
        #expect(try await other.push([next]) == [.accepted])
        await #expect(throws: EngineError.self) { try await other.releaseDeadLetter(letter.envelope.id, fresh: false) }
        try await doomed.close()
        try await other.close()
    }

    @Test("a dead letter is not released while its body still runs and holds its key in another partition")
    func releaseOfRunning() async throws {
        let engine = try await engine()
        let info = worker()
        _ = try await engine.join(info)
        let letter = task(key: foreignKey(engine), limits: [limit])
        #expect(try await engine.push([letter]) == [.accepted])
        let claimed = try await claim(engine, info, 1)[0]
        try await settle(engine, claimed, .quarantine(reason: "E", message: "m", keyHeld: true))
        let error = await #expect(throws: EngineError.self) { try await engine.releaseDeadLetter(letter.envelope.id, fresh: false) }
        #expect(error?.code == .conflict)
        try await engine.bodyReturned(letter.envelope.id, fence: claimed.fence)
        try await engine.releaseDeadLetter(letter.envelope.id, fresh: false)
        try await engine.close()
    }

    @Test("a key that was noted and never taken is anybody's")
    func noted() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push([task(), task()])
        let tasks = try await claim(other, info, 1)
        let key = foreignHand(other, tasks[0].envelope.id)
        _ = try await doomed.acquireKey(key, for: tasks[0].envelope.id, fence: tasks[0].fence)
        #expect(try await other.acquireKey(key, for: tasks[1].envelope.id, fence: tasks[1].fence) == .acquired)
        #expect(try await other.acquireKey(key, for: tasks[0].envelope.id, fence: tasks[0].fence) == .held(by: tasks[1].envelope.id))
        try await doomed.close()
        try await other.close()
    }

    @Test("who waits for a key goes on, though its holder's end, its value or the wait itself was not told of", arguments: 0..<4)
    func waiters(how: Int) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push((0..<6).map { _ in task() })
        let tasks = try await claim(other, info, 1)
        let holder = tasks[0]
        let key = foreignHand(other, holder.envelope.id)
        #expect(try await other.acquireKey(key, for: holder.envelope.id, fence: holder.fence) == .acquired)
        let waiting = tasks[1...]
        for waiter in waiting {
            #expect(try await other.acquireKey(key, for: waiter.envelope.id, fence: waiter.fence) == .held(by: holder.envelope.id))
            try await settle(how == 3 ? doomed : other, waiter, .snooze(key: key))
            #expect(try await state(other, waiter.envelope.id) == .waiting)
        }
        switch how {
        case 0: try await settle(doomed, holder, .commit(result: Data("1".utf8)))
        case 1: try await doomed.settleKey(key, for: holder.envelope.id, fence: holder.fence, value: KeyValue(value: nil, ttl: .hours(1)))
        case 2:
            // It traps, and traps again when it runs alone.
            _ = try await doomed.release(.process(info.process), death: .signalled(11), limits: ReleaseLimits())
            _ = try await other.leases()
            _ = try await other.release(.process(info.process), death: .signalled(11), limits: ReleaseLimits())
            let alone = worker(isolated: true)
            _ = try await other.join(alone)
            let shares = [QueueShare(queue: .default, slots: 1)]
            let request = ClaimRequest(incarnation: alone.incarnation, number: 1, shares: shares, limit: 1, suspects: true)
            #expect(try await other.claim(request).map(\.envelope.id) == [holder.envelope.id])
            let report = try await other.release(.process(alone.process), death: .signalled(11), limits: ReleaseLimits())
            #expect(report.quarantined == [holder.envelope.id])
        default: try await settle(other, holder, .commit(result: Data("1".utf8)))
        }
        // The holder's end wakes one in each partition; each look of the housekeeping at a key that nobody holds wakes one more.
        var left = waiting.map(\.envelope.id)
        for _ in 0..<50 where !left.isEmpty {
            _ = try await other.tend(batch: 100, unregisteredAfter: nil)
            var still: [TaskID] = []
            for id in left where try await state(other, id) != .queued { still.append(id) }
            left = still
        }
        #expect(left.isEmpty)
        let next = worker()
        _ = try await other.join(next)
        let again = try await claim(other, next, 1)
        let answer = try await other.acquireKey(key, for: again[0].envelope.id, fence: again[0].fence)
        #expect(answer == (how == 1 ? .completed(nil) : .acquired))
        try await doomed.close()
        try await other.close()
    }
}
