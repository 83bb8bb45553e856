import Foundation
import Relier

/// Plays one history against an engine and against the model, and compares them after every step.
final class ModelPlayer {
    /// A worker as it sees itself.
    struct Puppet {
        let info: WorkerInfo
        let lease: any LeaseHolder
        let handle: Int
        var lastRequest: Int64 = 0
        /// What it believes to run.
        var held: [TaskID: Fence] = [:]
        /// Bodies that go on although their attempts have ended.
        var bodies: [Attempt] = []
        /// Its process lives; whether it is joined is another question.
        var isAlive = true
    }

    struct Attempt: Hashable {
        let task: TaskID
        let fence: Fence
        let puppet: Int
    }

    let subject: EngineUnderTest
    let history: ModelHistory
    let names: ModelNames
    let handles: [LossyEngine]
    var model: ModelEngine
    var puppets: [Puppet] = []
    /// Every claim whose reply arrived.
    var claims: [Attempt] = []
    var pushes: [[NewTask]] = []
    var ledger = ModelLedger()
    /// What was done, one line a step; kept only where somebody will read it.
    private(set) var log: [String]?
    private var line: String?
    /// When the engine was asked for its time; by this process's clock.
    private var clockRead: ContinuousClock.Instant?
    /// How often each kind of step did something.
    private(set) var counts: [String: Int] = [:]

    init(_ history: ModelHistory, on stage: ModelStage, isLogging: Bool) async throws {
        self.history = history
        subject = stage.subject
        names = stage.names
        handles = [LossyEngine(subject.engine), LossyEngine(stage.other)]
        model = ModelEngine(
            retention: subject.retention, now: try await subject.engine.now(), wall: try await subject.wallClock())
        model.queues = names.knownQueues
        model.keepsOrder = subject.keepsOrder
        log = isLogging ? [] : nil
    }

    /// Plays all steps, and then everything that is left to its end.
    /// - Returns: how many steps were played, and what went wrong in the last of them; `nil` when nothing did.
    func play() async -> (steps: Int, mismatch: ModelMismatch?) {
        for (index, step) in history.steps.enumerated() {
            if let mismatch = await check({ try await self.play(step) }) { return (index + 1, mismatch) }
        }
        let mismatch = await check { try await self.runToTheEnd() }
        return (history.steps.count, mismatch)
    }

    private func check(_ body: () async throws -> Void) async -> ModelMismatch? {
        line = nil
        defer { if let line { log?.append(line) } }
        do {
            try await readClock()
            try await body()
            try await observe()
            return nil
        } catch let mismatch as ModelMismatch {
            return mismatch
        } catch {
            return ModelMismatch("an error that nothing explains: \(error)")
        }
    }

    /// Asks for the engine's time, unless it did a moment ago: nothing ends nearer than a second from where time was moved to.
    private func readClock() async throws {
        if let clockRead, clockRead.duration(to: .now) < .milliseconds(100) { return }
        try await askForTime()
    }

    func askForTime() async throws {
        clockRead = .now
        model.now = try await subject.engine.now()
    }

    func observe(through handle: Int = 0) async throws {
        let ids = Array(model.tasks.keys)
        let statuses = try await handles[(handle + model.accepted) % handles.count].status(of: ids)
        try model.observe(statuses)
        if let stranger = statuses.keys.first(where: { !ids.contains($0) }) {
            throw ModelMismatch("a status of \(stranger), which nobody asked for")
        }
    }

    // Words

    /// Says what the step under way does.
    func say(_ text: @autoclosure () -> String) {
        if log != nil { line = line.map { "\($0); \(text())" } ?? text() }
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    func label(_ id: TaskID) -> String { model.label(id) }

    // Calls

    /// Sends a call, at first with the step's fault, and judges what comes back by the model.
    /// - Parameter isResent: whether it is sent again after a fault.
    /// - Returns: the answer; `nil` when it was lost and must not be asked for again.
    @discardableResult
    func call<Answer>(
        _ step: ModelStep, _ call: LossyEngine.Call, through handle: Int, isResent: Bool = true,
        _ request: (any Engine) async throws -> Answer,
        judge: (inout ModelEngine, ModelEngine.Reply<Answer>?) throws -> Void
    ) async throws -> ModelEngine.Reply<Answer>? {
        let engine = handles[handle % handles.count]
        if let fault = step.fault {
            engine.inject(fault == .replyLost ? .replyLost : .requestLost, into: call)
            guard case .failure(let error) = try await answer({ try await request(engine) }) else {
                throw ModelMismatch("a call whose \(fault == .replyLost ? "reply" : "request") was lost was answered")
            }
            guard [.outcomeUnknown, .unavailable].contains(error.code) else {
                // Refused, which is an answer.
                try judge(&model, .failure(error))
                return .failure(error)
            }
            say(fault == .replyLost ? "its reply is lost" : "its request is lost")
            count(fault == .replyLost ? "reply lost" : "request lost")
            if fault == .replyLost { try judge(&model, nil) }
            if !isResent { return nil }
        }
        let reply = try await answer { try await request(engine) }
        try judge(&model, reply)
        return reply
    }

    private func answer<Answer>(_ body: () async throws -> Answer) async throws -> ModelEngine.Reply<Answer> {
        do { return .success(try await body()) } catch let error as EngineError { return .failure(error) }
    }

    // Picks

    func pick<Item>(_ pick: ModelStep.Pick, of items: [Item]) -> Item? { items.isEmpty ? nil : items[pick % items.count] }

    var alive: [Int] { puppets.indices.filter { puppets[$0].isAlive } }

    func isHeld(_ attempt: Attempt) -> Bool {
        puppets[attempt.puppet].isAlive && puppets[attempt.puppet].held[attempt.task] == attempt.fence
    }

    /// What living workers believe to run.
    var attempts: [Attempt] { claims.filter(isHeld) }

    var sorted: [ModelTask] { model.tasks.values.sorted { $0.number < $1.number } }
}

/// Commits as workers were told of them, apart from the model: G2 and G3 hold or do not, whatever the model believes.
struct ModelLedger {
    private var commits: [Int: Fence] = [:]
    private var answered: [String: EngineTime] = [:]
    /// Claims that ended otherwise: a commit under their fence is answered as carried out, and changes nothing.
    private var others: Set<Fence> = []

    /// A settlement was answered as carried out.
    mutating func note(_ outcome: Settlement.Outcome, of task: ModelTask, under fence: Fence, at now: EngineTime) throws {
        guard case .commit = outcome else {
            if commits[task.number] != fence { others.insert(fence) }
            return
        }
        if others.contains(fence) { return }
        if let first = commits[task.number] {
            if first != fence {
                throw ModelMismatch("\(task.label) was committed twice, under the fences \(first.number) and \(fence.number)")
            }
            return
        }
        commits[task.number] = fence
        guard let key = task.new.key else { return }
        if let until = answered[key], now < until {
            throw ModelMismatch("the key '\(key)' was carried out twice within its time to live; the second time by \(task.label)")
        }
        answered[key] = now + task.new.keyTTL
    }
}
