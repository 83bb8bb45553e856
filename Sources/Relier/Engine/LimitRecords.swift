/// A limit of a task, as engines know it. Task and kind name it; everything else may change with a deploy.
public struct LimitRule: Sendable, Hashable, Codable {
    /// What is counted. A task has at most one limit of each kind, and passes them in this order: while it waits at one, it holds its slots in those before.
    ///
    /// Kinds with a key come first, so that a key which has to wait holds no slot that tasks of other keys need.
    public enum Kind: Int, Sendable, Hashable, Codable, CaseIterable, Comparable {
        /// At most so many at once of each key.
        case keyConcurrency = 1
        /// At most so many starts of each key within a window.
        case keyRate = 2
        /// At most so many starts of the task within a window.
        case taskRate = 3
        /// At most so many at once of the task.
        case taskConcurrency = 4

        public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
        public var isRate: Bool { self == .keyRate || self == .taskRate }
    }

    /// The task's name.
    public var task: String
    public var kind: Kind
    /// The arguments that make the key, sorted; empty without one.
    public var arguments: [String]
    /// 1 or more.
    public var maximum: Int
    /// For rates: how long a start counts. In any stretch of that length there are at most ``maximum`` starts; those before the limit was in force need not count.
    public var window: Duration?

    public init(task: String, kind: Kind, arguments: [String] = [], maximum: Int, window: Duration? = nil) {
        self.task = task
        self.kind = kind
        self.arguments = arguments
        self.maximum = maximum
        self.window = window
    }

    /// For people: `2 at once per customerID`, `10 starts in 1 s`.
    public var phrase: String {
        let measure = window.map { "\(maximum) starts in \(Self.seconds($0)) s" } ?? "\(maximum) at once"
        return arguments.isEmpty ? measure : "\(measure) per \(arguments.joined(separator: ", "))"
    }

    private static func seconds(_ duration: Duration) -> String {
        let seconds = duration.inSeconds
        return seconds == seconds.rounded() && abs(seconds) < 1e15 ? String(Int64(seconds)) : String(seconds)
    }
}

/// A limit of one task: which rule, and with which others it is counted.
public struct LimitKey: Sendable, Hashable {
    public var rule: LimitRule
    /// Tasks of one rule with equal keys are counted together. Empty where the rule has no arguments.
    public var key: String

    public init(_ rule: LimitRule, key: String = "") {
        self.rule = rule
        self.key = key
    }
}
