import Foundation
import Relier

/// One random history: what the players did, and what must therefore be so.
struct RandomHistory {
    struct Player {
        let worker: PuppetWorker
        var held: [TaskID: ClaimedTask] = [:]
    }

    struct Entry {
        var key: String?
        var committed: Data?
        var isDead = false
    }

    let scene: Scene
    let lossy: LossyEngine
    var random: SplitMix64
    var log: [String] = []
    var players: [Player] = []
    /// Every task that was accepted.
    var tasks: [TaskID: Entry] = [:]
    /// Claims whose tasks were taken away: whatever they write is late.
    var stale: [(worker: PuppetWorker, task: ClaimedTask)] = []
    /// Until when a key must not commit again, by the engine's clock.
    var answered: [String: EngineTime] = [:]
    /// The keys that a task took by hand and has not settled.
    var hands: [TaskID: Set<String>] = [:]
    /// Children by their parent and number: the same number is the same child.
    var children: [String: TaskID] = [:]

    /// How many of a limit key run at once, as the player that joined last declared it.
    var maximum = 2
    /// When tasks of a limit key were claimed.
    var starts: [String: [EngineTime]] = [:]

    static let keyTTL = Duration.minutes(30)

    init(scene: Scene, seed: UInt64) async throws {
        self.scene = scene
        random = SplitMix64(state: seed)
        lossy = LossyEngine(scene.engine)
        for _ in 0..<3 { try await join() }
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<22: try await push()
        case 22..<26: try await pushChild()
        case 26..<46: try await claim()
        case 46..<50: try await claim(suspects: true)
        case 50..<72: try await settle()
        case 72..<77: try await renew()
        case 77..<82: try await die()
        case 82..<87: try await writeLate()
        case 87..<91: try await takeKey()
        case 91..<94: try await releaseDeadLetter()
        case 94..<95: try await leave()
        default: try await passTime()
        }
    }

    mutating func draw(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func note(_ text: String) { log.append(text) }

    mutating func join() async throws {
        let engine: any Engine = draw(50) ? lossy : scene.other
        maximum = Int.random(in: 1...3, using: &random)
        players.append(Player(worker: try await scene.join(limits: limits, on: engine)))
    }

    /// A random player and one of the tasks that it holds.
    mutating func anyHeld() -> (player: Int, task: ClaimedTask)? {
        let holding = players.indices.filter { !players[$0].held.isEmpty }
        guard let player = holding.randomElement(using: &random) else { return nil }
        let sorted = players[player].held.values.sorted { $0.id < $1.id }
        return sorted.randomElement(using: &random).map { (player, $0) }
    }

    mutating func push() async throws {
        let key = draw(45) ? "key \(Int.random(in: 0..<6, using: &random))" : nil
        let due: Due = draw(20) ? .after(.minutes(Int.random(in: 1...20, using: &random))) : .now
        var new = scene.task(due: due, key: key)
        if draw(40) { new = scene.limited("\(Int.random(in: 0..<3, using: &random))", limits, due: due, idempotencyKey: key) }
        new.keyTTL = Self.keyTTL
        new.resultTTL = .hours(20)
        if draw(10) {
            lossy.inject(draw(50) ? .replyLost : .requestLost, into: .push)
            do { _ = try await lossy.push([new]) } catch { note("push of \(short(new.envelope.id)) lost: \(error.message)") }
        }
        let outcome = try await (draw(50) ? scene.engine : scene.other).push([new])[0]
        note("push \(short(new.envelope.id)) key \(key ?? "none"): \(outcome)")
        try record(new, outcome)
    }

    mutating func record(_ new: NewTask, _ outcome: PushOutcome) throws {
        switch outcome {
        case .accepted, .known:
            if tasks[new.envelope.id] == nil { tasks[new.envelope.id] = Entry(key: new.key) }
        case .duplicate(let owner):
            // After a lost reply, a task with a key may be called a duplicate of itself.
            if owner == new.envelope.id {
                tasks[owner] = Entry(key: new.key)
                return
            }
            let entry = try scene.unwrap(tasks[owner], "the owner \(owner) of a duplicate was accepted")
            try scene.expect(entry.key, is: new.key, "key of the task that a duplicate names")
            try scene.expect(!entry.isDead, "a duplicate names no dead letter; it names \(owner)")
        case .rejected:
            throw scene.failure("a push without a policy is rejected")
        }
    }

    mutating func pushChild() async throws {
        guard let (player, parent) = anyHeld() else { return }
        let number = "\(parent.id) \(Int.random(in: 0..<4, using: &random))"
        let id = children[number] ?? .next()
        let outcome = try await scene.engine.push([scene.task(id: id, resultTTL: .hours(20), parent: parent)])[0]
        note("player \(player) pushes child \(short(id)) of \(short(parent.id)): \(outcome)")
        try scene.expect(outcome, is: children[number] == nil ? .accepted : .known, "outcome of pushing a child")
        children[number] = id
        if tasks[id] == nil { tasks[id] = Entry() }
    }

    mutating func claim(suspects: Bool = false) async throws {
        let player = Int.random(in: players.indices, using: &random)
        let worker = players[player].worker
        let limit = suspects ? 1 : Int.random(in: 1...4, using: &random)
        if draw(8) && worker.engine is LossyEngine {
            lossy.inject(.replyLost, into: .claim)
            do { _ = try await worker.claim(limit) } catch { note("player \(player) loses the reply to a claim of \(limit)") }
            return
        }
        let claimed: [ClaimedTask]
        if suspects { claimed = try await worker.claimSuspect().map { [$0] } ?? [] } else { claimed = try await worker.claim(limit) }
        note("player \(player) claims \(suspects ? "a suspect" : "\(limit)"): \(claimed.map { short($0.id) })")
        for task in claimed {
            let entry = try scene.unwrap(tasks[task.id], "the claimed task \(task.id) was accepted")
            try scene.expect(entry.committed == nil && !entry.isDead, "a claimed task has not ended; \(task.id) has")
            let others = players.indices.filter { players[$0].held[task.id] != nil }
            try scene.expect(others, is: [], "players that hold the claimed task \(task.id) already")
            players[player].held[task.id] = task
        }
        try await heedLimits(of: claimed)
    }

    mutating func settle() async throws {
        guard let (player, task) = anyHeld() else { return }
        let worker = players[player].worker
        let result = Data("\(Int.random(in: 0..<1000, using: &random))".utf8)
        let outcome: Settlement.Outcome
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: outcome = .commit(result: result)
        case 6: outcome = .retry(after: draw(50) ? .zero : .minutes(5), reason: "E", message: "m")
        case 7: outcome = .quarantine(reason: "E", message: "m", keyHeld: false)
        case 8: outcome = .handBack
        default:
            try await letGo(of: task, worker)
            outcome = .snooze(key: "hand \(Int.random(in: 0..<3, using: &random))")
        }
        if draw(10) && worker.engine is LossyEngine {
            lossy.inject(draw(50) ? .replyLost : .requestLost, into: .settle)
            do { _ = try await worker.settle(task, outcome) } catch { note("player \(player) loses a settlement of \(short(task.id))") }
        }
        let reply = try await worker.settle(task, outcome)
        note("player \(player) settles \(short(task.id)): \(outcome): \(reply)")
        try scene.expect(reply, is: .done, "reply to the current holder of \(task.id)")
        players[player].held[task.id] = nil
        if case .commit = outcome { try await committed(task, result) }
        if case .quarantine = outcome { buried(task.id) }
    }

    /// As the lock does when its body is set aside: a task that waited for one key while it held another could wait for ever.
    private mutating func letGo(of task: ClaimedTask, _ worker: PuppetWorker) async throws {
        for key in hands.removeValue(forKey: task.id)?.sorted() ?? [] { try await worker.settle(key, for: task, nil) }
    }

    mutating func committed(_ task: ClaimedTask, _ result: Data) async throws {
        try scene.expect(tasks[task.id]?.committed == nil, "a task commits once; \(task.id) committed again")
        tasks[task.id]?.committed = result
        hands[task.id] = nil
        guard let key = task.key else { return }
        let now = try await scene.engine.now()
        if let until = answered[key] {
            try scene.expect(
                until <= now, "the key '\(key)' commits once in its time to live; \(task.id) committed \(until - now) too early")
        }
        answered[key] = now + Self.keyTTL
    }

    mutating func buried(_ id: TaskID) {
        tasks[id]?.isDead = true
        hands[id] = nil
    }

    mutating func renew() async throws {
        let player = Int.random(in: players.indices, using: &random)
        let worker = players[player].worker
        let renewal = try worker.lease.renew(holding: players[player].held.mapValues(\.fence), settledThrough: worker.request)
        note("player \(player) renews: \(renewal)")
        guard case .renewed(let lost, _, _) = renewal else { throw scene.failure("a joined player can renew; found \(renewal)") }
        try scene.expect(lost, is: [], "tasks that a player holds and is told to have lost")
    }

    mutating func die() async throws {
        let player = Int.random(in: players.indices, using: &random)
        let dead = players.remove(at: player)
        let deaths: [Death] = [.signalled(9), .signalled(11), .leaseEnded, .exited(status: 1)]
        let death = deaths[Int.random(in: deaths.indices, using: &random)]
        let report = try await scene.die(dead.worker, death, maxResurrections: draw(30) ? 1 : 50)
        note("player \(player) dies of \(death.label): \(report.requeued.count) queued again, \(report.suspects.count) suspects")
        let touched = Set(report.requeued + report.suspects + report.quarantined)
        try scene.expect(touched.isSuperset(of: dead.held.keys), "all that the dead player held is released")
        for id in report.quarantined { buried(id) }
        stale += dead.held.values.map { (dead.worker, $0) }
        try await join()
    }

    mutating func leave() async throws {
        let player = Int.random(in: players.indices, using: &random)
        let left = players.remove(at: player)
        note("player \(player) leaves with \(left.held.count) tasks")
        try await left.worker.engine.leave(left.worker.incarnation)
        stale += left.held.values.map { (left.worker, $0) }
        try await join()
    }

    mutating func writeLate() async throws {
        guard let (worker, task) = stale.randomElement(using: &random) else { return }
        note("a late worker writes to \(short(task.id))")
        try scene.expect(try await worker.settle(task, .commit(result: Data("\"late\"".utf8))), is: .refused, "reply to a late commit")
        try scene.expect(try await worker.settle(task, .handBack), is: .refused, "reply to a late hand-back")
        try await scene.expectError(.fenced, "a late checkpoint") { try await worker.save("late", of: task) }
        try await scene.expectError(.fenced, "a late child") { _ = try await scene.push(scene.task(parent: task)) }
    }

    mutating func takeKey() async throws {
        guard let (player, task) = anyHeld() else { return }
        let worker = players[player].worker
        let key = "hand \(Int.random(in: 0..<3, using: &random))"
        let answer = try await worker.acquire(key, for: task)
        note("player \(player) takes '\(key)' for \(short(task.id)): \(answer)")
        switch answer {
        case .held(let owner):
            let entry = try scene.unwrap(tasks[owner], "the holder \(owner) of a key was accepted")
            try scene.expect(entry.committed == nil && !entry.isDead, "the holder of a key is alive; \(owner) has ended")
            try await letGo(of: task, worker)
            try scene.expect(try await worker.settle(task, .snooze(key: key)), is: .done, "reply to a snooze")
            players[player].held[task.id] = nil
        case .acquired where draw(60):
            let value = draw(70) ? KeyValue(value: Data("1".utf8), ttl: .minutes(10)) : nil
            try await worker.settle(key, for: task, value)
            hands[task.id]?.remove(key)
            note("… and settles it")
        case .acquired: hands[task.id, default: []].insert(key)
        default: break
        }
    }

    mutating func releaseDeadLetter() async throws {
        let dead = tasks.filter(\.value.isDead).map(\.key).sorted()
        guard let id = dead.randomElement(using: &random) else { return }
        do {
            try await scene.other.releaseDeadLetter(id, fresh: draw(50))
            note("release of \(short(id)) from the dead letter queue")
            tasks[id]?.isDead = false
        } catch {
            note("release of \(short(id)): \(error.message)")
            try scene.expect(error.code, is: .conflict, "why a dead letter is not released")
            try scene.expect(tasks[id]?.key != nil, "only a key makes the release of \(id) a conflict")
        }
    }

    mutating func passTime() async throws {
        let time = Duration.seconds(Int.random(in: 1...600, using: &random))
        note("time passes: \(time)")
        try await scene.advance(time)
        if draw(20), scene.subject.jumpWallClock != nil { try await scene.jumpWallClock(draw(50) ? .days(30) : .days(-30)) }
        try await scene.tend()
    }

    func short(_ id: TaskID) -> String { "…\(id.description.suffix(5))" }
}
