/// A unit of work: its stored properties are its arguments, ``run(_:)`` is its body.
///
/// Most programs write a function and let the macro `@RelierTask` make this type. A type written by hand looks like this:
///
/// ```swift
/// struct SendInvoice: RelierTask {
///     static let name = "sendInvoice"
///     var id: String
///     func run(_ context: TaskContext) async throws -> NoOutput { … }
/// }
/// ```
///
/// A body may run again after a crash; its result is committed once. What it does outside Relier is repeated if the
/// process dies between that act and the commit: pass ``TaskContext/idempotencyKey`` to services that honour one.
public protocol RelierTask: Codable, Sendable {
    /// What the body gives back; stored as JSON when the task commits. ``NoOutput`` when there is nothing.
    associatedtype Output: Codable & Sendable

    /// The stable name under which tasks are queued. Changing it orphans what is queued.
    static var name: String { get }

    /// Queue, retries, timeouts, idempotency, version. The default is ``TaskOptions/init()``.
    static var options: TaskOptions { get }

    /// The names of the arguments, as published to operators. Empty where unknown.
    static var parameters: [String] { get }

    /// The body. It runs in a Swift task of its own, with ``TaskContext/current`` set.
    func run(_ context: TaskContext) async throws -> Output
}

extension RelierTask {
    public static var options: TaskOptions { TaskOptions() }
    public static var parameters: [String] { [] }
}

/// The twin of ``RelierTask`` for bodies that block their thread. They run on threads of their own, never on the
/// cooperative pool, and take no timeouts.
public protocol BlockingRelierTask: RelierTask {
    /// The body. It runs on a thread of its own.
    func run(_ context: TaskContext) throws -> Output
}

/// The output of a task that returns nothing.
public struct NoOutput: Codable, Sendable, Hashable {
    public init() {}
}
