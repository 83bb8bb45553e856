/// How many new tasks may come in: at most ``limit`` in each window, and none while the backlog is at its bounds.
///
/// All programs on one engine should push under the same policy: the window is one for all of them.
public struct AdmissionPolicy: Sendable, Hashable {
    /// New tasks in one window, 1 or more; `nil` for no limit, and then nothing is counted.
    public var limit: Int?
    /// How long a window lasts on the engine's clock; 1 ms or more. A window that is open keeps the length with which it was opened.
    public var window: Duration
    /// No more come in while so many tasks wait for a worker (`queued`, or held back by a limit, on all queues together); 1 or more, `nil` for no bound.
    public var maxBacklog: Int?
    /// None comes in while one that waits for its first start was pushed longer ago than this; `nil` for no bound.
    /// Tasks that were delayed, parked, retried or recovered are old for other reasons and do not count.
    public var maxAge: Duration?

    public init(limit: Int? = 5000, window: Duration = .seconds(10), maxBacklog: Int? = nil, maxAge: Duration? = nil) {
        self.limit = limit.map { max(1, $0) }
        self.window = max(.milliseconds(1), window)
        self.maxBacklog = maxBacklog.map { max(1, $0) }
        self.maxAge = maxAge
    }
}

/// Why a task was not admitted, and when to come back.
public struct AdmissionRejection: Sendable, Hashable {
    /// What was full.
    public struct Cause: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// ``AdmissionPolicy/limit`` tasks were admitted in this window.
        public static let window = Cause("window")
        /// ``AdmissionPolicy/maxBacklog`` tasks wait.
        public static let backlog = Cause("backlog")
        /// The oldest waiting task is older than ``AdmissionPolicy/maxAge``.
        public static let age = Cause("age")
    }

    public var cause: Cause
    /// The time left in the window on the engine's clock, more than zero; a whole window when none is open.
    public var retryAfter: Duration

    public init(_ cause: Cause, retryAfter: Duration) {
        self.cause = cause
        self.retryAfter = retryAfter
    }
}

/// Admission as an operator sees it.
public struct AdmissionStatus: Sendable, Hashable {
    public struct Window: Sendable, Hashable {
        /// Tasks counted in it so far.
        public var admitted: Int
        /// The limit of the last push that was counted in it.
        public var limit: Int
        /// Its whole length.
        public var length: Duration
        /// Until it ends; more than zero.
        public var left: Duration

        public init(admitted: Int, limit: Int, length: Duration, left: Duration) {
            self.admitted = admitted
            self.limit = limit
            self.length = length
            self.left = left
        }
    }

    /// The open window; `nil` when none is, and the next task that is counted opens one.
    public var window: Window?
    /// Tasks that wait for a worker.
    public var backlog: Int
    /// How long ago the oldest one was pushed that ``AdmissionPolicy/maxAge`` looks at; `nil` when there is none.
    public var oldestAge: Duration?

    public init(window: Window?, backlog: Int, oldestAge: Duration?) {
        self.window = window
        self.backlog = backlog
        self.oldestAge = oldestAge
    }
}
