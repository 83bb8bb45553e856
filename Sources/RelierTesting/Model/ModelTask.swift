import Foundation
import Relier

/// One accepted task, as the contract says it must be.
struct ModelTask {
    /// Where it stands. A task in its queue is `ready`, whether an engine shows it as queued, parked or waiting at a limit: that is decided by
    /// ``ModelEngine/observe(_:)``.
    enum Phase {
        case scheduled(Due)
        case ready
        case waiting(key: String)
        case suspect
        case running(Run)
        case committed(result: Data)
        case quarantined(reason: String)
        case cancelled
    }

    enum Due {
        case engine(EngineTime)
        case wall(Date)
    }

    struct Run {
        let incarnation: Incarnation
        /// `nil` when the reply to its claim was lost: nobody knows it, so nobody can write under it.
        let fence: Fence?
        let request: Int64
    }

    /// Whether it belongs to the recovered ones, which a dedicated pool takes. What becomes of that after a retry or a hand-over is the engine's choice.
    enum Recovery { case no, yes, maybe }

    /// In the order of acceptance.
    let number: Int
    /// The call that pushed it.
    let call: Int
    let new: NewTask
    var phase: Phase
    var failures = 0
    var losses = Losses()
    /// What it was claimed with last.
    var checkpointAtStart: Checkpoint?
    /// How often it was claimed.
    var fence: Int64 = 0
    /// Its last claim, where known.
    var lastFence: Fence?
    /// The claims that ended by their own settlement.
    var settled: Set<Fence> = []
    /// A process died under it: it runs alone.
    var isAlone = false
    var recovery = Recovery.no
    var checkpoint: Checkpoint?
    var isCancelling = false
    /// Ids that its body pushed, remembered until it ends.
    var children: Set<TaskID> = []
    /// The operation's number; names are the engine's.
    var operation: Int?
    /// The outcomes of its attempts.
    var history: [String] = []
    var endedAt: EngineTime?
    /// Pushed to be run at once, and nothing happened since that could change its place in the queue.
    var isInOrder = false

    // What the engine is free to do, or must have done, until it is looked at next.

    /// A claim passed it over, so it may be parked.
    var mayBeParked = false
    /// A claim passed it over that nobody can run, so it must be parked.
    var mustBeParked = false
    /// When it was first seen parked.
    var parkedSince: EngineTime?
    /// The key that it waits for was freed, or completed, and the engine chooses who goes on.
    var mayBeWoken = false
    /// It was a dead letter, so its place in a line may be a later one.
    var wasReleased = false
    /// Something promoted all that is due.
    var mustBePromoted = false
    /// Housekeeping may have found that it was parked for too long.
    var mayBeUnregistered = false
    /// Housekeeping came by after its time.
    var mustBeForgotten = false

    init(number: Int, call: Int, new: NewTask, phase: Phase) {
        self.number = number
        self.call = call
        self.new = new
        self.phase = phase
    }

    var id: TaskID { new.envelope.id }
    var label: String { "t\(number)" }

    /// Workers lost in a row.
    var resurrections: Int { losses.inARow }

    /// The attempt under way has left a checkpoint that it did not begin with.
    var progressed: Bool { checkpoint != nil && checkpoint != checkpointAtStart }

    /// It has lost a worker while it ran alone, and needs its host to itself.
    var isExclusive: Bool { losses.alone > 0 }

    var run: Run? {
        if case .running(let run) = phase { return run }
        return nil
    }

    var isReady: Bool {
        if case .ready = phase { return true }
        return false
    }

    var isScheduled: Bool {
        if case .scheduled = phase { return true }
        return false
    }

    var isSuspect: Bool {
        if case .suspect = phase { return true }
        return false
    }

    var isQuarantined: Bool {
        if case .quarantined = phase { return true }
        return false
    }

    var hasEnded: Bool {
        switch phase {
        case .committed, .quarantined, .cancelled: true
        default: false
        }
    }

    func isRunning(under fence: Fence) -> Bool { run?.fence == fence }

    /// How long its result, and with it its record, answers after a commit.
    var answers: Duration { new.key == nil ? new.resultTTL : max(new.resultTTL, new.keyTTL) }
}

/// A limit's key, as tasks share it.
struct ModelGate: Hashable {
    let task: String
    let kind: LimitRule.Kind
    let key: String
}

extension ModelTask {
    var gates: [ModelGate] { new.limits.map { ModelGate(task: $0.rule.task, kind: $0.rule.kind, key: $0.key) } }
}

/// The record of an idempotency key, or of one that a task took by hand.
struct ModelKey {
    enum State {
        case free(since: EngineTime)
        case claimed
        case completed(Data?, until: EngineTime)
    }
    var state: State
    var owner: TaskID
    /// Its owner has ended; the body still runs in this incarnation.
    var keptIn: Incarnation?
    /// For an idempotency key.
    var operation: Int?
}

/// A claim, as rates count it.
struct ModelStart {
    let at: EngineTime
    /// Whether the rate was in force. Whether one counts that started when it was not is the engine's choice.
    let mustCount: Bool
}

/// A slot of a limit that a body keeps although its attempt has ended.
struct ModelStuckSlot {
    let gate: ModelGate
    let task: TaskID
    /// `nil` when nobody knows it.
    let fence: Fence?
    let incarnation: Incarnation
}

/// A joined incarnation.
struct ModelWorker {
    let info: WorkerInfo
    /// In the order of joining.
    let number: Int

    var isDedicated: Bool { info.queues.contains(.requeue) }

    func canRun(_ task: ModelTask) -> Bool {
        info.kinds.contains { $0.name == task.new.envelope.name && $0.version >= task.new.envelope.version }
    }
}

/// What an engine did and the model says it must not do.
struct ModelMismatch: Error {
    let what: String

    init(_ what: String) { self.what = what }
}
