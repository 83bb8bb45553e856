/// How a task is queued, retried, timed and deduplicated. The same for every push of its type.
public struct TaskOptions: Sendable {
    /// The queue it waits in. `default` unless set; `re-queue` is refused.
    public var queue: Queue
    /// What makes two pushes one operation. Off unless set.
    public var idempotent: Idempotency
    /// How long the body may run before ``onSoftTimeout`` starts beside it. Greater than zero, less than ``hardTimeout``.
    public var softTimeout: Duration?
    /// How long the body may run before it is cancelled and the attempt has failed. Greater than zero.
    public var hardTimeout: Duration?
    /// Runs beside the body from the soft timeout on, with the same context, and is cancelled at the hard timeout.
    public var onSoftTimeout: (@Sendable (TaskContext) async throws -> Void)?
    /// What happens after the body threw or timed out. ``RetryPolicy/none`` unless set.
    public var retry: RetryPolicy
    /// The version of the payload's shape, from 1. A worker runs payloads up to its own version.
    public var version: Int
    /// How older payloads become those of ``version``: one step for each version from the oldest that may be queued on, without a gap, in any order.
    ///
    /// Without any, an older payload is decoded as it is. With some, one that is older than all of them is quarantined.
    public var migrations: [Migration]
    /// How long the result is kept after the commit; `nil` takes `RELIER_RESULT_TTL`.
    public var resultTTL: Duration?
    /// How many run at once, and how many start within a time. None unless set; at most one of each sort.
    public var limits: [TaskLimit]
    /// When it is pushed by itself; `nil` for a task that others push. Every argument needs a default.
    public var schedule: Schedule?

    public init(
        queue: Queue = .default,
        idempotent: Idempotency = .off,
        softTimeout: Duration? = nil,
        hardTimeout: Duration? = nil,
        onSoftTimeout: (@Sendable (TaskContext) async throws -> Void)? = nil,
        retry: RetryPolicy = .none,
        version: Int = 1,
        migrations: [Migration] = [],
        resultTTL: Duration? = nil,
        limits: [TaskLimit] = [],
        schedule: Schedule? = nil
    ) {
        self.queue = queue
        self.idempotent = idempotent
        self.softTimeout = softTimeout
        self.hardTimeout = hardTimeout
        self.onSoftTimeout = onSoftTimeout
        self.retry = retry
        self.version = version
        self.migrations = migrations
        self.resultTTL = resultTTL
        self.limits = limits
        self.schedule = schedule
    }
}

/// The name of a queue: 1 to 128 bytes, no control characters, not `re-queue`.
public struct Queue: Hashable, Sendable, Codable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }
    public init(stringLiteral value: String) { self.name = value }

    /// The queue of tasks that name none.
    public static let `default`: Queue = "default"
    /// Where Relier itself puts recovered tasks. Nobody else publishes into it.
    public static let requeue: Queue = "re-queue"

    public var description: String { name }

    /// Why this name cannot be published into; `nil` when it can.
    public var objection: String? {
        if self == .requeue {
            return "the queue 're-queue' belongs to Relier's own recoveries; choose another name"
        }
        if name.isEmpty || name.utf8.count > 128 {
            return "a queue's name has 1 to 128 bytes; '\(name.prefix(40))' has \(name.utf8.count)"
        }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == 0x2c }) {
            return "the queue's name '\(name)' has a comma or a control character; use letters, digits, '_', '-', '.', ':'"
        }
        return nil
    }

    public init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// What makes two pushes of a task the same operation.
public struct Idempotency: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case off
        case all
        case arguments([String])
    }
    package let kind: Kind
    /// How long the result answers further pushes, counted from the commit; `nil` takes `RELIER_IDEMPOTENCY_DEFAULT_TTL` (1 h).
    public let ttl: Duration?

    /// Every push is an operation of its own.
    public static let off = Idempotency(kind: .off, ttl: nil)
    /// The name and all arguments make the key.
    public static let automatic = Idempotency(kind: .all, ttl: nil)
    /// The name and all arguments make the key; its result is kept for `ttl`, at least the hard timeout.
    public static func automatic(ttl: Duration) -> Idempotency { Idempotency(kind: .all, ttl: ttl) }
    /// The name and the named arguments make the key, the others do not matter.
    public static func key(_ arguments: String..., ttl: Duration? = nil) -> Idempotency {
        Idempotency(kind: .arguments(arguments), ttl: ttl)
    }
}
