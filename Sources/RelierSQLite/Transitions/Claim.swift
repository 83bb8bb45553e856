import Foundation
import GRDB
import Relier

/// A task as the claim reads it.
struct ClaimCandidate {
    let seq: Int64
    let kind: Int64
    let flags: Int64
    /// Empty for a task without limits.
    let gates: [Gate]
    var task: ClaimedTask

    static let select = """
        SELECT seq, id, kind, flags, fence, failures, resurrections, enqueued, result_ttl, key, key_ttl, operation, traceparent, checksum,
               payload, signer, signature, \(Gate.columns)
        FROM task
        """

    init(_ row: SQL, queue: Queue, kind: KindName, isSuspect: Bool) {
        seq = row.int(0)
        self.kind = row.int(2)
        flags = row.int(3)
        gates = flags & Flag.limited == 0 ? [] : Gate.read(row, from: 17)
        task = ClaimedTask(
            envelope: Envelope(
                stored: row.id(1), name: kind.name, version: kind.version, payload: row.blob(14), enqueuedAt: row.time(7),
                traceparent: row.textOrNull(12), checksum: row.blob(13),
                signature: row.isNull(15) ? nil : Envelope.Signature(keyID: row.text(15), code: row.blob(16))),
            queue: queue, fence: Fence(number: row.int(4) + 1, token: UInt64.random(in: .min ... .max)),
            attempt: Int(row.int(5)) + 1, resurrections: Int(row.int(6)), checkpoint: nil, key: row.textOrNull(9),
            operation: row.textOrNull(11), isSuspect: isSuspect, keyTTL: .microseconds(row.int(10)),
            resultTTL: .microseconds(row.int(8)))
    }
}

extension Store {
    /// How many tasks that nobody here can run one claim sets aside, so that a flood of them does not hold the writer for long.
    private static let maxParked = 5000
    /// How many rates one round of a claim looks at whose time has come.
    private static let maxAlarms = 500
    /// How often one claim looks again after it found nothing but what others have to run, or limits to hold back.
    private static let maxRounds = 50

    func claim(_ request: ClaimRequest) throws -> [ClaimedTask] {
        guard let worker = try joined(request.incarnation) else {
            throw EngineError(.fenced, "the incarnation \(request.incarnation) is not joined any more; join anew")
        }
        try openGates()
        var claim = Claim(
            worker: worker, number: request.number, left: max(0, request.limit), owed: request.shares.map { max(0, $0.slots) })
        if request.suspects {
            try takeSuspect(&claim)
            return claim.tasks
        }
        var promoted: [Int64: Int] = [:]
        for round in 1...Self.maxRounds {
            let due = try promoteDue(in: request.shares, limit: claim.left)
            promoted.merge(due.ready, uniquingKeysWith: +)
            var drained: Set<Int> = []
            try takeShares(request.shares, &claim, &drained)
            if claim.isOver { break }
            // Where what was due had to be set aside, more may be due, and what is left goes to nobody before each queue has its share.
            if round < Self.maxRounds, due.bounded.contains(where: { claim.owed[$0] > 0 }) { continue }
            try takeRest(request.shares, &claim, drained)
            if claim.isOver { break }
            // What a rate allows by now is found here though no housekeeping came by.
            let rung = try ringAlarms(limit: Self.maxAlarms)
            if due.bounded.isEmpty && rung == 0 { break }
        }
        for (queue, count) in promoted {
            let name = try self.queue(queue)
            let left = count - claim.tasks.count { $0.queue == name }
            if left > 0 { effects.ready[queue, default: 0] += left }
        }
        return claim.tasks
    }

    /// Each queue up to its share.
    private func takeShares(_ shares: [QueueShare], _ claim: inout Claim, _ drained: inout Set<Int>) throws {
        for (index, share) in shares.enumerated() {
            let wanted = min(claim.owed[index], claim.left)
            guard wanted > 0 else { continue }
            let taken = try take(wanted, of: share, &claim)
            claim.owed[index] -= taken
            if taken < wanted { drained.insert(index) }
        }
    }

    /// Whatever is left, in order.
    private func takeRest(_ shares: [QueueShare], _ claim: inout Claim, _ drained: Set<Int>) throws {
        for (index, share) in shares.enumerated() where claim.left > 0 && !drained.contains(index) {
            claim.owed[index] -= try take(claim.left, of: share, &claim)
        }
    }

    private func take(_ wanted: Int, of share: QueueShare, _ claim: inout Claim) throws -> Int {
        try share.queue == .requeue ? takeRecovered(wanted, &claim) : take(wanted, from: share.queue, &claim)
    }

    private struct Claim {
        let worker: WorkerProfile
        let number: Int64
        var left: Int
        /// What each queue has not had of its share; less than 0 where it had more.
        var owed: [Int]
        var parked = 0
        var slots = ClaimedSlots()
        var tasks: [ClaimedTask] = []

        var isOver: Bool { left == 0 || parked >= Store.maxParked }
    }

    /// Up to `wanted` tasks of a queue, about half of them recovered ones while both wait. Answers how many it took.
    private func take(_ wanted: Int, from queue: Queue, _ claim: inout Claim) throws -> Int {
        guard let number = try existingNumber(of: queue) else { return 0 }
        if try anyPaused && db.isPaused(number) { return 0 }
        var taken = 0
        while true {
            let back = try unpark(queue: number, limit: wanted - taken, for: claim.worker)
            taken += try take(wanted - taken, queue: number, &claim)
            // What came back may have to wait at a limit, and what is parked behind it need not.
            if taken == wanted || back == 0 || claim.parked >= Self.maxParked { return taken }
        }
    }

    /// Up to `wanted` tasks of those that are ready in a queue.
    private func take(_ wanted: Int, queue number: Int64, _ claim: inout Claim) throws -> Int {
        var taken = 0
        if try servesRecovered(claim.worker), try db.exists(Self.anyRecovered, .int(number)) {
            // With a single slot the two kinds take turns.
            let share = wanted == 1 ? Int(claim.number & 1) : (wanted + 1) / 2
            taken += try takeReady(share, queue: number, recovered: true, &claim)
            taken += try takeReady(wanted - taken, queue: number, recovered: false, &claim)
            taken += try takeReady(wanted - taken, queue: number, recovered: true, &claim)
        } else {
            taken += try takeReady(wanted, queue: number, recovered: false, &claim)
        }
        return taken
    }

    static let anyRecovered = "SELECT 1 FROM task WHERE state = 0 AND queue = ? AND recovered = 1 LIMIT 1"

    /// Recovered tasks of all queues, for a pool that serves `re-queue`.
    private func takeRecovered(_ wanted: Int, _ claim: inout Claim) throws -> Int {
        var taken = 0
        for queue in try db.rows("SELECT number FROM queue ORDER BY number", transform: { $0.int(0) }) where taken < wanted {
            if try anyPaused && db.isPaused(queue) { continue }
            while true {
                let back = try unpark(queue: queue, limit: wanted - taken, for: claim.worker, recovered: true)
                taken += try takeReady(wanted - taken, queue: queue, recovered: true, &claim)
                if taken == wanted || back == 0 || claim.parked >= Self.maxParked { break }
            }
        }
        return taken
    }

    /// Whether this worker takes recovered tasks of its queues: all do, unless a live pool is dedicated to them.
    private func servesRecovered(_ worker: WorkerProfile) throws -> Bool {
        try worker.dedicated || !db.exists("SELECT 1 FROM worker WHERE dedicated = 1 LIMIT 1")
    }

    private func takeReady(_ wanted: Int, queue: Int64, recovered: Bool, _ claim: inout Claim) throws -> Int {
        var taken = 0
        let name = try self.queue(queue)
        while taken < wanted, claim.parked < Self.maxParked {
            let limit = wanted - taken
            hot.ready.bind(1, queue)
            hot.ready.bind(2, recovered ? 1 : 0)
            hot.ready.bind(3, limit)
            var candidates: [ClaimCandidate] = []
            candidates.reserveCapacity(limit)
            var strangers: [Int64] = []
            var limitedStrangers: [Gate] = []
            var foreign: [ForeignRecord] = []
            do {
                defer { hot.ready.reset() }
                while try hot.ready.step() {
                    let kind = try self.kind(hot.ready.int(2))
                    if let why = ForeignRecord.objection(to: hot.ready, kind: kind) {
                        foreign.append(ForeignRecord(seq: hot.ready.int(0), why: why))
                    } else if claim.worker.canRun(kind) {
                        candidates.append(ClaimCandidate(hot.ready, queue: name, kind: kind, isSuspect: false))
                    } else {
                        strangers.append(hot.ready.int(0))
                        if hot.ready.int(3) & Flag.limited != 0 { limitedStrangers += Gate.read(hot.ready, from: 17) }
                    }
                }
            }
            for candidate in candidates {
                if try mayStart(candidate, &claim.slots) {
                    try start(candidate, &claim)
                    taken += 1
                } else {
                    claim.parked += 1
                }
            }
            for seq in strangers {
                try db.run("UPDATE task SET state = 3, due = ? WHERE seq = ?", .time(now), .int(seq))
            }
            for record in foreign { try quarantine(record) }
            touched.formUnion(limitedStrangers)
            claim.parked += strangers.count + foreign.count
            if !strangers.isEmpty { effects.wakeAll = true }
            if candidates.count + strangers.count + foreign.count < limit { break }
        }
        return taken
    }

    /// Writes the claim of one task and adds it to the answer.
    private func start(_ candidate: ClaimCandidate, _ claim: inout Claim) throws {
        var task = candidate.task
        hot.claim.bind(1, claim.worker.number)
        hot.claim.bind(2, task.fence.number)
        hot.claim.bind(3, bits: task.fence.token)
        hot.claim.bind(4, claim.number)
        hot.claim.bind(5, now.microseconds)
        hot.claim.bind(6, candidate.seq)
        try hot.claim.run()
        if candidate.flags & Flag.checkpoint != 0 { task.checkpoint = try db.checkpoint(of: task.envelope.id) }
        claim.tasks.append(task)
        claim.left -= 1
    }

    /// One suspect that this worker can run: one that has lost a worker while it ran alone only if there is no other, and nothing else runs alone here.
    private func takeSuspect(_ claim: inout Claim) throws {
        let kinds = try db.suspectKinds()
        if kinds.isEmpty { return }
        let runs = try db.loneRuns(on: claim.worker.info.host)
        for exclusive in [false, true] where runs.admits(exclusive: exclusive) {
            for number in kinds where try takeSuspect(of: number, exclusive: exclusive, &claim) { return }
        }
    }

    private func takeSuspect(of number: Int64, exclusive: Bool, _ claim: inout Claim) throws -> Bool {
        let kind = try self.kind(number)
        guard claim.worker.canRun(kind) else { return false }
        for suspect in try db.suspects(of: number) where try db.hasLostAlone(suspect.id, flags: suspect.flags) == exclusive {
            let queue = try self.queue(suspect.queue)
            let why = try db.row("\(ClaimCandidate.select) WHERE seq = ?", .int(suspect.seq)) {
                ForeignRecord.objection(to: $0, kind: kind)
            }
            if let why = why ?? nil {
                try quarantine(ForeignRecord(seq: suspect.seq, why: why))
                continue
            }
            let candidate = try db.row("\(ClaimCandidate.select) WHERE seq = ?", .int(suspect.seq)) {
                ClaimCandidate($0, queue: queue, kind: kind, isSuspect: true)
            }
            guard let candidate, try mayStart(candidate, &claim.slots) else { continue }
            try start(candidate, &claim)
            return true
        }
        return false
    }

    /// Brings back up to `limit` parked tasks of the queue, or only recovered ones, for each name and version that this worker can run, and answers how many.
    /// Costs one look while nothing is parked.
    private func unpark(queue: Int64, limit: Int, for worker: WorkerProfile, recovered: Bool = false) throws -> Int {
        var count = 0
        let which = recovered ? " AND recovered = 1" : ""
        for kind in try db.parkedKinds(queue: queue) where worker.canRun(try self.kind(kind)) {
            count += try db.run(
                """
                UPDATE task SET state = 0 WHERE seq IN
                  (SELECT seq FROM task WHERE state = 3 AND queue = ? AND kind = ?\(which) ORDER BY due, seq LIMIT ?)
                """, .int(queue), .int(kind), .int(limit))
        }
        return count
    }

    /// The queue's number, if anything was ever pushed into it.
    func existingNumber(of queue: Queue) throws -> Int64? {
        if let number = queueNumbers[queue] { return number }
        guard let number = try db.row("SELECT number FROM queue WHERE name = ?", .text(queue.name), transform: { $0.int(0) }) else {
            return nil
        }
        queueNumbers[queue] = number
        queueNames[number] = queue
        return number
    }
}

extension Database {
    /// The kinds of which a queue has parked tasks: one step of the index for each.
    func parkedKinds(queue: Int64) throws -> [Int64] {
        var kinds: [Int64] = []
        while let kind = try row(
            "SELECT kind FROM task WHERE state = 3 AND queue = ? AND kind > ? ORDER BY kind LIMIT 1", .int(queue),
            .int(kinds.last ?? -1), transform: { $0.int(0) })
        {
            kinds.append(kind)
        }
        return kinds
    }

    /// The kinds of which suspects wait.
    func suspectKinds() throws -> [Int64] {
        var kinds: [Int64] = []
        while let kind = try row(
            "SELECT kind FROM task WHERE state = 5 AND kind > ? ORDER BY kind LIMIT 1", .int(kinds.last ?? -1), transform: { $0.int(0) })
        {
            kinds.append(kind)
        }
        return kinds
    }

    struct Suspect {
        let seq: Int64
        let queue: Int64
        let id: TaskID
        let flags: Int64
    }

    /// How many suspects of a kind one claim, or one count, looks at.
    private static let maxSuspects = 100

    /// The oldest suspects of a kind in queues that are not paused.
    func suspects(of kind: Int64) throws -> [Suspect] {
        try rows(
            """
            SELECT seq, queue, id, flags FROM task WHERE state = \(StateNumber.suspect) AND kind = ? AND queue NOT IN (SELECT queue FROM paused)
            ORDER BY seq LIMIT \(Self.maxSuspects)
            """, .int(kind)
        ) { Suspect(seq: $0.int(0), queue: $0.int(1), id: $0.id(2), flags: $0.int(3)) }
    }

    /// Whether a claim of a worker on this host could hand out a suspect of the kind.
    func isSuspectReady(of kind: Int64, on host: String, now: EngineTime) throws -> Bool {
        let runs = try loneRuns(on: host)
        return try suspects(of: kind).contains { suspect in
            if try !runs.admits(exclusive: hasLostAlone(suspect.id, flags: suspect.flags)) { return false }
            let gates = try row("SELECT \(Gate.columns) FROM task WHERE seq = ?", .int(suspect.seq)) { Gate.read($0, from: 0) }
            return try mayStart(past: gates ?? [], now: now)
        }
    }

    /// How many suspects claims of workers on this host could be handed now: of those that need the host to themselves one, and only when no other waits.
    func suspectsWaiting(on host: String, now: EngineTime) throws -> Int {
        let kinds = try suspectKinds()
        if kinds.isEmpty { return 0 }
        let runs = try loneRuns(on: host)
        var shared = 0
        var exclusive = 0
        for kind in kinds {
            for suspect in try suspects(of: kind) {
                if suspect.flags & Flag.limited != 0 {
                    let gates = try row("SELECT \(Gate.columns) FROM task WHERE seq = ?", .int(suspect.seq)) { Gate.read($0, from: 0) }
                    if try !mayStart(past: gates ?? [], now: now) { continue }
                }
                if try hasLostAlone(suspect.id, flags: suspect.flags) { exclusive += 1 } else { shared += 1 }
            }
        }
        if runs.admits(exclusive: false) && shared > 0 { return shared }
        return runs.admits(exclusive: true) ? min(1, exclusive) : 0
    }

    func checkpoint(of task: TaskID) throws -> Checkpoint? {
        try row("SELECT body, file, bytes FROM checkpoint WHERE task = ?", .id(task)) { row in
            row.textOrNull(1).map { Checkpoint.file(name: $0, bytes: Int(row.int(2))) } ?? .inline(row.blob(0))
        }
    }
}
