import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("Children, admission and ticks across partitions", .serialized)
struct PartitionPushTests: PartitionScene {
    let namespace = "p-\(UUID().uuidString)"

    @Test("a child whose parent was not told of it is pushed once")
    func child() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let info = worker()
        _ = try await other.join(info)
        _ = try await other.push([task()])
        let parent = try await claim(other, info, 1)[0]
        let id = TaskID.next()
        await dies { _ = try await doomed.push([task("other", id: id, parent: (id: parent.envelope.id, fence: parent.fence))]) }
        #expect(try await state(other, id) == .queued)
        // Also by code that has given its kind limits.
        let again = task("other", id: id, limits: [limit], parent: (id: parent.envelope.id, fence: parent.fence))
        #expect(try await other.push([again]) == [.known])
        try await doomed.close()
        try await other.close()
    }

    @Test("room that was reserved and not used is missing until the window ends, and never more is admitted")
    func admission() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let policy = AdmissionPolicy(limit: 5, window: .minutes(1))
        let known = task()
        #expect(try await other.push([known], admission: policy) == [.accepted])
        #expect(try await doomed.push([known, known, known], admission: policy) == [.known, .known, .known])
        let outcomes = try await other.push((0..<5).map { _ in task() }, admission: policy)
        #expect(outcomes.filter { $0 == .accepted }.count == 1)
        try await other.moveClocks(engine: .minutes(2), wall: .minutes(2))
        #expect(try await other.push((0..<5).map { _ in task() }, admission: policy).allSatisfy { $0 == .accepted })
        try await doomed.close()
        try await other.close()
    }

    @Test("who dies while it counts the backlog holds others up for two seconds at most")
    func backlog() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let policy = AdmissionPolicy(limit: nil, maxBacklog: 3)
        #expect(try await doomed.push([task()], admission: policy) == [.accepted])
        let start = ContinuousClock.now
        let outcomes = try await other.push((0..<3).map { _ in task() }, admission: policy)
        #expect(outcomes.filter { $0 == .accepted }.count == 2)
        #expect(start.duration(to: .now) < .seconds(5))
        try await doomed.close()
        try await other.close()
    }

    @Test("a recorded tick whose tasks were not pushed is pushed by the next scheduler, or the housekeeping", arguments: [true, false])
    func tick(byScheduler: Bool) async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let definition = ScheduleDefinition(name: "often", expression: "every 5m", zone: nil)
        try await other.announceSchedules([definition], withdrawing: [])
        var settled = try #require(try await other.schedules().schedules.first?.settled)
        func next(_ tasks: [NewTask]) -> ScheduleTick {
            let end = TickTime(microseconds: settled.microseconds + 1)
            defer { settled = end }
            return ScheduleTick(definition: definition, after: settled, settled: end, latest: end, tasks: tasks)
        }
        let lost = (0..<8).map { task(key: "tick \($0)", limits: $0 % 2 == 0 ? [limit] : []) }
        await dies { _ = try await doomed.tick([next(lost)]) }
        #expect(try await other.status(of: lost.map(\.envelope.id)).isEmpty)
        if byScheduler {
            #expect(try await other.tick([next([task()])]) == [.recorded([.accepted])])
        } else {
            _ = try await other.tend(batch: 10, unregisteredAfter: nil)
            #expect(try await other.schedules().schedules.first?.lastTask == lost.last?.envelope.id)
        }
        #expect(try await other.status(of: lost.map(\.envelope.id)).count == lost.count)
        try await doomed.close()
        try await other.close()
    }

    @Test("a recorded tick that was pushed and not crossed out is pushed again under the same ids, and changes nothing")
    func tickNotCrossedOut() async throws {
        let (doomed, other) = (try await engine(isDoomed: true), try await engine())
        let definition = ScheduleDefinition(name: "often", expression: "every 5m", zone: nil)
        try await other.announceSchedules([definition], withdrawing: [])
        let settled = try #require(try await other.schedules().schedules.first?.settled)
        let end = TickTime(microseconds: settled.microseconds + 1)
        let tasks = (0..<8).map { task(key: "tick \($0)", limits: $0 % 2 == 0 ? [limit] : []) }
        await dies {
            _ = try await doomed.tick([ScheduleTick(definition: definition, after: settled, settled: end, latest: end, tasks: tasks)])
        }
        let (place, name) = (Array(":ticks".utf8), Array("\(end.microseconds):often".utf8))
        let record = try #require(try await other.tamper("HGET", place, [name]))
        _ = try await other.tend(batch: 10, unregisteredAfter: nil)
        #expect(try await other.tamper("HGET", place, [name]) == nil)
        let info = worker()
        _ = try await other.join(info)
        let claimed = try await claim(other, info, 1, 4)
        for task in claimed { try await settle(other, task, .commit(result: Data("1".utf8))) }
        let before = try await other.status(of: tasks.map(\.envelope.id))
        #expect(before.values.count { $0.state == .committed } == 4)
        _ = try await other.tamper("HSET", place, [name, record])
        _ = try await other.tend(batch: 10, unregisteredAfter: nil)
        #expect(try await other.tamper("HGET", place, [name]) == nil)
        #expect(try await other.status(of: tasks.map(\.envelope.id)).mapValues(\.state) == before.mapValues(\.state))
        #expect(try await other.queues().map(\.queued) == [4])
        try await doomed.close()
        try await other.close()
    }
}
