/// How many workers a task has lost. Pure: every engine counts by this.
public struct Losses: Sendable, Hashable {
    /// In a row: since the task last made progress, an attempt of it ended normally, or a day went by without a loss.
    public var inARow: Int
    /// Those of ``inARow`` that it lost while it ran alone.
    public var alone: Int
    /// In its whole life.
    public var total: Int
    /// When it lost the last one; `nil` before the first.
    public var last: EngineTime?

    public init(inARow: Int = 0, alone: Int = 0, total: Int = 0, last: EngineTime? = nil) {
        self.inARow = inARow
        self.alone = alone
        self.total = total
        self.last = last
    }

    /// For how long a loss counts.
    public static let memory = Duration.hours(24)

    /// From which loss in a row on a task runs alone, whatever took its workers.
    public static let firstAlone = 2

    /// Forgets what counts no more, before the next loss is judged and counted.
    ///
    /// - Parameter progressed: the attempt that was lost had saved a checkpoint, and its bytes differ from those that the attempt began with.
    public mutating func forget(progressed: Bool, at now: EngineTime) {
        guard progressed || last.map({ now - $0 >= Self.memory }) ?? false else { return }
        startAnew()
    }

    /// An attempt has ended normally.
    public mutating func startAnew() {
        inARow = 0
        alone = 0
    }

    public mutating func count(ranAlone: Bool, at now: EngineTime) {
        inARow += 1
        if ranAlone { alone += 1 }
        total += 1
        last = now
    }
}

/// What becomes of a task whose worker is gone. Pure: every engine decides by this.
///
/// No task is quarantined for lost workers unless it lost them running alone: whoever shared a process with others may be innocent.
public enum Fate: Sendable, Hashable {
    /// Back to where it was, counting nothing: its worker left of its own accord.
    case handBack
    case requeue
    /// It waits to run alone.
    case suspect
    case quarantine(reason: String)

    /// What the decision rests on besides the death.
    public struct Case: Sendable, Hashable {
        /// It ran alone in its process.
        public var ranAlone: Bool
        /// With this loss it has lost ``Losses/firstAlone`` or more in a row, or as many in its life as it may.
        public var isRepeated: Bool
        /// With this loss it has lost as many as it may, in a row and alone, or in its life.
        public var isSpent: Bool
        /// So many tasks wait to run alone that no more are sent there for being lost again.
        public var isCrowded: Bool

        public init(ranAlone: Bool, isRepeated: Bool, isSpent: Bool, isCrowded: Bool) {
            self.ranAlone = ranAlone
            self.isRepeated = isRepeated
            self.isSpent = isSpent
            self.isCrowded = isCrowded
        }

        /// - Parameters:
        ///   - losses: before this one, after ``Losses/forget(progressed:at:)``.
        ///   - waitingAlone: how many tasks wait to run alone.
        public init(_ losses: Losses, ranAlone: Bool, waitingAlone: Int, limits: ReleaseLimits) {
            let isLifeSpent = losses.total + 1 >= max(1, limits.maxLosses)
            self.init(
                ranAlone: ranAlone, isRepeated: losses.inARow + 1 >= Losses.firstAlone || isLifeSpent,
                isSpent: losses.alone + 1 >= max(1, limits.maxResurrections) || isLifeSpent,
                isCrowded: waitingAlone >= limits.maxLoneTasks)
        }
    }

    public static func of(_ death: Death, _ found: Case) -> Fate {
        if death.isOrderly { return .handBack }
        if found.ranAlone {
            if death.makesSuspects { return .quarantine(reason: "WorkerCrash") }
            return found.isSpent ? .quarantine(reason: "max_resurrections_exceeded") : .suspect
        }
        if death.makesSuspects { return .suspect }
        return found.isRepeated && !found.isCrowded ? .suspect : .requeue
    }

    /// The message of a quarantine for lost workers.
    /// - Parameter losses: with the last one counted.
    package static func message(of losses: Losses, limits: ReleaseLimits, death: Death) -> String {
        if losses.alone >= max(1, limits.maxResurrections) {
            return
                "\(losses.alone) workers in a row were lost under it while it ran alone, and no more are allowed; the last: \(death.label)"
        }
        return
            "\(losses.total) workers were lost under it in all, the last while it ran alone, and no more are allowed; the last: \(death.label)"
    }
}
