import Foundation
import RESP
import Relier

/// Who is joined, the first partition says: a worker joins there first and leaves there last, its lease counts there, and it is dead once it is dead there.
extension Partitions {
    func join(_ worker: WorkerInfo) async throws(EngineError) {
        let words: String
        do {
            words = String(decoding: try JSONEncoder().encode(worker), as: UTF8.self)
        } catch {
            throw EngineError(.failed, "what the worker \(worker.name) says of itself cannot be written: \(error)", cause: error)
        }
        try await first.join(worker, words: words)
        if isOne || isMute { return }
        _ = try await at(others) { (server, _) throws(EngineError) in try await server.join(worker, words: words) }
    }

    private var others: [Int: Void] { Dictionary(uniqueKeysWithValues: servers.indices.dropFirst().map { ($0, ()) }) }

    func leave(_ incarnation: Incarnation) async throws(EngineError) {
        if !isOne {
            _ = try await at(others) { (server, _) throws(EngineError) in try await server.leave(incarnation) }
            // Dies, for tests, between the two.
            if isMute { return }
        }
        try await first.leave(incarnation)
        await deliverAll(from: servers.indices)
    }

    struct Member: Sendable {
        let incarnation: Incarnation
        let words: Data
        let joined: Int64
        let lease: Int64
        let counter: UInt64
        let stuck: Int
        let order: WorkerOrder?
        var running: Int
    }

    /// - Returns: those whom the first partition knows, and those who are still joined elsewhere, since whoever released them did not come so far.
    func members() async throws(EngineError) -> (joined: [Member], left: [Member]) {
        let found = try await everywhere { (server) throws(EngineError) in try await server.members() }
        if isOne { return (found[0], []) }
        var joined = found[0]
        var places = Dictionary(uniqueKeysWithValues: joined.enumerated().map { ($1.incarnation, $0) })
        var left: [Member] = []
        for member in found.dropFirst().joined() {
            if let place = places[member.incarnation] {
                if place < joined.count { joined[place].running += member.running }
            } else {
                // Known, and not among the joined.
                places[member.incarnation] = .max
                left.append(member)
            }
        }
        return (joined, left)
    }

    func leases() async throws(EngineError) -> [LeaseSighting] {
        let members = try await members()
        return (members.joined + members.left).map { member in
            LeaseSighting(
                incarnation: member.incarnation, counter: member.counter, lease: .microseconds(member.lease), holderGone: false)
        }
    }

    func release(_ target: ReleaseTarget, death: Death, limits: ReleaseLimits) async throws(EngineError) -> ReleaseReport {
        let doomed: Server.Doomed
        switch target {
        case .incarnation(_, counter: nil): return ReleaseReport()
        case .incarnation(let incarnation, let counter?): doomed = .incarnation(incarnation, counter: counter)
        case .process(let process): doomed = .process(process)
        }
        let (batch, depth) = (max(1, limits.batch), max(1, limits.maxRequeueDepth))
        if isOne { return try await first.release(doomed, death: death, limits: limits, batch: batch, depth: depth).0 }
        let counts = try await everywhere { (server) throws(EngineError) in
            try await server.run(Scripts.recovered, resends: true).list.map { $0.integer ?? 0 }
        }
        var waiting = counts.map { $0.first ?? 0 }
        // Those that wait to run alone, who are bounded as a whole, too.
        var alone = counts.map { $0.last ?? 0 }
        var sum = ReleaseReport()
        for server in servers {
            var own = doomed
            // Only the first partition looks at the counter.
            if server.partition > 0, case .incarnation(let incarnation, _) = doomed { own = .dead(incarnation) }
            let elsewhere = waiting.reduce(0, +) - waiting[server.partition]
            var ownLimits = limits
            ownLimits.maxLoneTasks = max(0, limits.maxLoneTasks - alone.reduce(0, +) + alone[server.partition])
            let bounded = ownLimits
            let (report, lives): (ReleaseReport, Bool)
            do {
                (report, lives) = try await server.release(
                    own, death: death, limits: bounded, batch: max(0, batch - sum.moved), depth: depth - elsewhere)
            } catch {
                // What was moved before is to be told of.
                if sum.moved == 0 { throw error }
                sum.remaining = true
                break
            }
            sum.requeued += report.requeued
            sum.suspects += report.suspects
            sum.quarantined += report.quarantined
            sum.handedBack += report.handedBack
            sum.throttled = sum.throttled || report.throttled
            sum.remaining = sum.remaining || report.remaining
            waiting[server.partition] += report.requeued.count
            alone[server.partition] += report.suspects.count
            // It lives, or has not yet been forgotten there.
            if server.partition == 0 && (lives || report.remaining) { break }
            if isMute { break }
        }
        await deliverAll(from: servers.indices)
        return sum
    }

    func tend(batch: Int, unregisteredAfter: Duration?) async throws(EngineError) -> TendReport {
        if isOne { return try await first.tend(batch: batch, unregisteredAfter: unregisteredAfter) }
        // Bounded as a whole, and none is always last.
        var sum = TendReport()
        var left = max(1, batch)
        let start = Int.random(in: 0..<count)
        for offset in 0..<count {
            let server = servers[(start + offset) % count]
            if left <= 0 {
                sum.remaining = true
                break
            }
            let report = try await server.tend(batch: left, unregisteredAfter: unregisteredAfter)
            sum.promoted += report.promoted
            sum.unregistered += report.unregistered
            sum.foreign += report.foreign
            sum.expired += report.expired
            sum.remaining = sum.remaining || report.remaining
            sum.nextDue = [sum.nextDue, report.nextDue].compactMap { $0 }.min()
            left -= max(report.promoted, report.unregistered, report.foreign, report.expired)
        }
        try await pushRecordedTicks()
        await deliverAll(from: servers.indices)
        return sum
    }
}

extension ReleaseReport {
    fileprivate var moved: Int { requeued.count + suspects.count + quarantined.count + handedBack.count }
}

extension Server {
    func members() async throws(EngineError) -> [Partitions.Member] {
        try await run(Scripts.members, resends: true).list.compactMap { row -> Partitions.Member? in
            let parts = row.list
            guard parts.count == 8, var id = parts[0].buffer, let incarnation = id.readID(Incarnation.self) else { return nil }
            return Partitions.Member(
                incarnation: incarnation, words: parts[1].buffer?.data ?? Data(), joined: parts[2].number ?? 0,
                lease: parts[3].number ?? 0, counter: UInt64(parts[4].number ?? 0), stuck: parts[5].integer ?? 0,
                order: WorkerOrder(rawValue: parts[6].text), running: parts[7].integer ?? 0)
        }
    }
}
