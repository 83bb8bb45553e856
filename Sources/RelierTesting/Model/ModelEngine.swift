import Foundation
import Relier

/// What an engine must do, as plain values: no storage, no concurrency, no indexes. Written from the comments of ``Engine``, and as slow and simple as it may be.
///
/// Each operation takes what the engine answered, or `nil` when the answer was lost, and throws ``ModelMismatch`` where the contract allows no such answer.
/// Where the contract leaves a choice (when something due is promoted, whether a task that was passed over is parked, which tasks a lost claim took), the model
/// follows what it sees and checks that it was allowed.
///
/// Left out on purpose, and covered by checks of their own: admission, schedules, foreign records, crash reports, progress and orders, listings (but for the
/// end of a history), and waiting for work. Nothing is asked within a second of a deadline, so that engines whose clock goes on by itself can play, too.
struct ModelEngine {
    typealias Reply<Answer> = Result<Answer, EngineError>

    let retention: Retention
    /// The engine's clock.
    var now: EngineTime
    var wall: Date

    var tasks: [TaskID: ModelTask] = [:]
    var accepted = 0
    /// Calls that pushed.
    var calls = 0
    /// Idempotency keys.
    var keys: [String: ModelKey] = [:]
    /// Keys taken by hand.
    var hands: [String: ModelKey] = [:]
    var workers: [Incarnation: ModelWorker] = [:]
    var joined = 0
    var queues: Set<Queue> = []
    var paused: Set<Queue> = []
    var rules = ModelRules()
    /// When tasks were claimed, for rates.
    var starts: [ModelGate: [ModelStart]] = [:]
    var stuck: [ModelStuckSlot] = []
    /// Whether the engine claims in the order of pushes.
    var keepsOrder = true
    /// The names of operations, as far as claims have shown them.
    var operations: [Int: String] = [:]
    var lastOperation = 0
    /// A claim whose reply was lost; what it took shows when the tasks are looked at next.
    var lostClaim: LostClaim?

    /// Groups of tasks of which one at least must go on.
    var wakeUps: [[TaskID]] = []

    struct LostClaim {
        let worker: ModelWorker
        let request: ClaimRequest
    }

    init(retention: Retention, now: EngineTime, wall: Date) {
        self.retention = retention
        self.now = now
        self.wall = wall
    }

    var live: [ModelTask] { tasks.values.filter { !$0.hasEnded } }

    func isLive(_ id: TaskID) -> Bool { tasks[id].map { !$0.hasEnded } ?? false }

    func label(_ id: TaskID) -> String { tasks[id]?.label ?? "…\(id.description.suffix(5))" }

    func isDue(_ due: ModelTask.Due) -> Bool {
        switch due {
        case .engine(let time): time <= now
        case .wall(let date): date <= wall
        }
    }

    func isDue(_ task: ModelTask) -> Bool {
        if case .scheduled(let due) = task.phase { return isDue(due) }
        return false
    }

    /// Changes a task that must be there.
    mutating func change(_ id: TaskID, _ body: (inout ModelTask) -> Void) {
        guard var task = tasks[id] else { return }
        body(&task)
        tasks[id] = task
    }

    /// When something ends by itself, so that nobody looks too close to it.
    func isNearDeadline(margin: Duration = .seconds(1)) -> Bool {
        func isNear(_ time: EngineTime) -> Bool { time - now < margin && now - time < margin }
        func isNear(_ date: Date) -> Bool { abs(date.timeIntervalSince(wall)) < Double(margin.components.seconds) }
        for key in [keys, hands].joined() {
            switch key.value.state {
            case .completed(_, let until) where isNear(until): return true
            case .free(let since) where isNear(since + retention.deadLetters): return true
            default: break
            }
        }
        for task in tasks.values {
            switch task.phase {
            case .scheduled(.engine(let due)) where isNear(due): return true
            case .scheduled(.wall(let date)) where isNear(date): return true
            default: break
            }
            if let lost = task.losses.last, isNear(lost + Losses.memory) { return true }
            if let ended = task.endedAt, isNear(ended + task.answers) || isNear(ended + retention.history) { return true }
            if let ended = task.endedAt, isNear(ended + retention.deadLetters) { return true }
            if let since = task.parkedSince, isNear(since + Self.unregisteredAfter) { return true }
        }
        return starts.contains { gate, times in rules.window(of: gate).map { window in times.contains { isNear($0.at + window) } } ?? false
        }
    }

    /// How long the histories let a task be parked.
    static let unregisteredAfter = Duration.minutes(30)
    static let unregistered = "UnregisteredTaskError"

    // Answers

    /// Compares an answer with the only one that is allowed.
    func expect<Answer: Equatable>(_ found: Reply<Answer>?, _ expected: Answer, _ what: @autoclosure () -> String) throws {
        guard let found else { return }
        switch found {
        case .success(let answer) where answer == expected: return
        case .success(let answer): throw ModelMismatch("\(what()): expected \(expected), found \(answer)")
        case .failure(let error):
            throw ModelMismatch("\(what()): expected \(expected), found the error '\(error.code)' (\(error.message))")
        }
    }

    func expectSuccess(_ found: Reply<Void>?, _ what: @autoclosure () -> String) throws {
        if case .failure(let error) = found {
            throw ModelMismatch("\(what()): expected success, found the error '\(error.code)' (\(error.message))")
        }
    }

    func expectError<Answer>(_ found: Reply<Answer>?, _ code: EngineError.Code, _ what: @autoclosure () -> String) throws {
        switch found {
        case nil: return
        case .failure(let error) where error.code == code: return
        case .failure(let error): throw ModelMismatch("\(what()): expected the error '\(code)', found '\(error.code)' (\(error.message))")
        case .success(let answer): throw ModelMismatch("\(what()): expected the error '\(code)', found \(answer)")
        }
    }
}
