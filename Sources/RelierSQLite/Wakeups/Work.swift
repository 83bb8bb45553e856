import GRDB
import Relier
import Synchronization

/// What the incarnations of this process can run: read often while they wait, and never changing while they are joined.
final class ProfileCache: Sendable {
    private let profiles = Mutex<[Incarnation: WorkerProfile]>([:])

    /// The incarnation as it joined; `nil` when it is not joined, or no more.
    func joined(_ incarnation: Incarnation, in db: Database) throws -> WorkerProfile? {
        if let known = profiles.withLock({ $0[incarnation] }) {
            if try db.exists("SELECT 1 FROM worker WHERE number = ?", .int(known.number)) { return known }
            profiles.withLock { $0[incarnation] = nil }
            return nil
        }
        let loaded = try WorkerProfile.load(incarnation, from: db)
        if let loaded { profiles.withLock { $0[incarnation] = loaded } }
        return loaded
    }
}

/// What a waiting worker has to expect.
enum WorkOutlook: Sendable {
    /// A claim would find something.
    case now
    /// Nothing yet; the next scheduled task of its queues is due after that long, or a rate lets one start.
    case later(Duration)
    case nothing
}

extension Database {
    /// What a claim by this incarnation would find, now or later. ``WorkOutlook/now`` also when it is not joined, so that its claim says so.
    ///
    /// - Parameter queues: the bits of the queues that it asks for.
    func outlook(for incarnation: Incarnation, queues: UInt64, profiles: ProfileCache, clock: EngineClock) throws -> WorkOutlook {
        guard let worker = try profiles.joined(incarnation, in: self) else { return .now }
        if worker.info.isolated {
            let now = clock.now
            return try suspectKinds().contains { try worker.canRun(try kind($0)) && isSuspectReady(of: $0, on: worker.info.host, now: now) }
                ? .now : .nothing
        }
        var pause: Duration?
        let othersServeRecovered = try !worker.dedicated && exists("SELECT 1 FROM worker WHERE dedicated = 1 LIMIT 1")
        for queue in try rows("SELECT number FROM queue", transform: { $0.int(0) }) {
            if try isPaused(queue) { continue }
            let asked = WaitHub.bit(queue) & queues != 0
            if asked, try exists("SELECT 1 FROM task WHERE state = 0 AND queue = ? AND recovered = 0 LIMIT 1", .int(queue)) { return .now }
            if (asked && !othersServeRecovered) || worker.dedicated, try exists(Store.anyRecovered, .int(queue)) { return .now }
            if asked, try parkedKinds(queue: queue).contains(where: { worker.canRun(try kind($0)) }) { return .now }
            if asked, let due = try pauseUntilDue(queue: queue, clock) {
                if due <= .zero { return .now }
                pause = min(pause ?? due, due)
            }
        }
        if let alarm = try pauseUntilAlarm(now: clock.now) {
            if alarm <= .zero { return .now }
            pause = min(pause ?? alarm, alarm)
        }
        return pause.map(WorkOutlook.later) ?? .nothing
    }

    func kind(_ number: Int64) throws -> KindName {
        try row("SELECT name, version FROM kind WHERE number = ?", .int(number)) {
            KindName(name: $0.text(0), version: Int($0.int(1)))
        } ?? .missing
    }

    /// The bits of these queues, as stations and waiters carry them. A queue that nobody has pushed into yet stands for all.
    func bits(of queues: [Queue]) throws -> UInt64 {
        var bits: UInt64 = 0
        for queue in queues {
            if queue == .requeue { return .max }
            let number = try row("SELECT number FROM queue WHERE name = ?", .text(queue.name)) { $0.int(0) }
            bits |= number.map(WaitHub.bit) ?? .max
        }
        return bits
    }
}
