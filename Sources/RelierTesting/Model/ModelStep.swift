import Relier

/// One step of a history. It names what it acts upon by numbers that are resolved among what exists when it is played, so that it keeps a meaning when
/// other steps are removed; where nothing fits, it does nothing.
struct ModelStep: Sendable, Hashable {
    /// Picks one of a list, whatever its length.
    typealias Pick = Int

    enum Action: Sendable, Hashable {
        case push([ModelDraft], parent: Pick?)
        /// The very same push as an earlier one.
        case pushAgain(Pick)
        case join(ModelProfile)
        case claim(worker: Pick, limit: Int, order: Pick)
        case claimSuspect(worker: Pick)
        /// A worker of its own takes a suspect and dies of it.
        case loseAlone(Death, ReleaseLimits)
        case settle(attempt: Pick, ModelOutcome, byLease: Bool)
        /// Any claim that there ever was writes.
        case writeLate(claim: Pick, ModelWrite)
        case saveCheckpoint(attempt: Pick, Int?)
        case takeKey(attempt: Pick, key: Int)
        case settleKey(attempt: Pick, key: Int, hasValue: Bool)
        case bodyReturned(Pick)
        case renew(worker: Pick, forgets: Bool)
        case die(worker: Pick, Death, ReleaseLimits)
        /// The process is gone, and the engine notices.
        case vanish(worker: Pick)
        /// A sweeper takes the worker for dead, which lives on; or it renewed meanwhile, and nothing happens.
        case loseLease(worker: Pick, renewsMeanwhile: Bool)
        case leave(worker: Pick)
        case cancel(task: Pick, terminate: Bool)
        case releaseDeadLetter(Pick, fresh: Bool)
        case setPaused(Bool, queue: Int)
        case passTime(Duration)
        case jumpWallClock(Duration)
        case tend
    }

    enum Fault: Sendable, Hashable {
        case requestLost
        case replyLost
    }

    var action: Action
    /// Which handle sends it.
    var handle: Pick
    /// What happens to it at first; it is sent again where the contract allows that.
    var fault: Fault?
    /// For what it makes: ids, payloads.
    var salt: UInt64
}

/// A task to be pushed.
struct ModelDraft: Sendable, Hashable {
    var isOther: Bool
    var version: Int
    var queue: Int
    var due: Due
    var key: Int?
    var isShortLived: Bool
    /// The key of its limits, if it is limited.
    var limit: Int?
    /// Children of one parent with one number are the same child; elsewhere it tells the tasks of one step apart.
    var number: Int

    enum Due: Sendable, Hashable {
        case now
        case after(Duration)
        case at(Duration)
    }
}

/// A worker that is to join.
struct ModelProfile: Sendable, Hashable {
    var version: Int
    var knowsWork: Bool
    var knowsOther: Bool
    var queues: [Int]
    var isDedicated: Bool
    /// How much it declares for each limit of the history; `nil` where it has the limit no more.
    var maxima: [Int?]
    /// Lives in the process of another worker.
    var sharesProcess: ModelStep.Pick?
    /// Lives on another host than most.
    var isElsewhere = false
}

enum ModelOutcome: Sendable, Hashable {
    case commit
    case retry(after: Duration, bodyRuns: Bool)
    case quarantine(keyHeld: Bool)
    case handBack
    case snooze(key: Int)
}

/// What a worker that is late may write.
enum ModelWrite: Sendable, Hashable {
    case settle(ModelOutcome)
    case saveCheckpoint
    case takeKey(Int)
    case settleKey(Int)
    case pushChild(ModelDraft)
}

/// A history that can be played.
struct ModelHistory: Sendable {
    let seed: UInt64
    /// The limits that tasks are pushed with, in the order of their kinds.
    var rules: [LimitRule]
    var steps: [ModelStep]
}
