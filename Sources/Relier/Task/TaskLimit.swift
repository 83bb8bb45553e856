/// How many of a task's bodies run at once, or start within a time: for the task as a whole, or for each key that its arguments make.
///
/// ```swift
/// @RelierTask(limits: [.concurrency(2, per: "customerID"), .rate(100, every: .minutes(1)), .concurrency(50)])
/// func syncOrders(customerID: String, page: Int) async throws { … }
/// ```
///
/// A task has at most one limit of each sort: concurrency and rate, without a key and with one. The engine keeps them over all workers and
/// processes. A task that a limit holds back waits by its key, so that other keys pass; within a key the order of the pushes is kept.
public struct TaskLimit: Sendable, Hashable {
    package enum Measure: Sendable, Hashable {
        case concurrency
        case rate(every: Duration)
    }
    package let maximum: Int
    package let measure: Measure
    /// The arguments that make the key; empty for the task as a whole.
    package let arguments: [String]

    /// At most `maximum` at once, 1 or more: of all tasks of this name, or of those in which the named arguments are equal.
    public static func concurrency(_ maximum: Int, per arguments: String...) -> TaskLimit {
        TaskLimit(maximum: maximum, measure: .concurrency, arguments: arguments)
    }

    /// At most `maximum` starts, 1 or more, in any stretch of `window`, which is 1 ms or longer: of all tasks of this name, or of those in which the
    /// named arguments are equal. Each start counts, also that of a retry or after a crash.
    public static func rate(_ maximum: Int, every window: Duration, per arguments: String...) -> TaskLimit {
        TaskLimit(maximum: maximum, measure: .rate(every: window), arguments: arguments)
    }
}

extension TaskLimit {
    package var kind: LimitRule.Kind {
        switch measure {
        case .concurrency: arguments.isEmpty ? .taskConcurrency : .keyConcurrency
        case .rate: arguments.isEmpty ? .taskRate : .keyRate
        }
    }

    /// As engines know it. The order of the arguments does not matter.
    package func rule(of task: String) -> LimitRule {
        var window: Duration?
        if case .rate(let every) = measure { window = every }
        return LimitRule(task: task, kind: kind, arguments: arguments.sorted(), maximum: maximum, window: window)
    }

    /// Why limits like these can never work; `nil` when they can.
    ///
    /// - Parameter parameters: the names of the task's arguments; empty where unknown.
    static func objection(to limits: [TaskLimit], parameters: [String]) -> String? {
        var kinds: Set<LimitRule.Kind> = []
        for limit in limits {
            let text = limit.rule(of: "").phrase
            if limit.maximum < 1 { return "its limit of \(text) lets nothing start; at least 1 is needed" }
            if case .rate(let window) = limit.measure, window < .milliseconds(1) {
                return "its limit of \(limit.maximum) starts has a window of \(window.inSeconds) s; at least 1 ms is needed"
            }
            if Set(limit.arguments).count < limit.arguments.count { return "its limit of \(text) names an argument twice" }
            if !parameters.isEmpty, let unknown = limit.arguments.first(where: { !parameters.contains($0) }) {
                return "its limit of \(text) names '\(unknown)', which is no argument; it has \(parameters.joined(separator: ", "))"
            }
            if !kinds.insert(limit.kind).inserted { return "it has two limits of the same sort, one of them \(text); leave one of them" }
        }
        return nil
    }
}
