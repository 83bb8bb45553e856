#if Macros
    /// Makes a task of a global or static function.
    ///
    /// For a function `f` this writes a type `$f` that conforms to ``RelierTask`` (``BlockingRelierTask`` if the function is
    /// not `async`). The function itself stays a plain function:
    ///
    /// ```swift
    /// @RelierTask(name: "send-invoice", idempotent: .automatic(ttl: .hours(24)), softTimeout: .seconds(8), hardTimeout: .seconds(10))
    /// func sendInvoice(id: String, copies: Int = 1, context: TaskContext) async throws -> Receipt { … }
    ///
    /// try await sendInvoice(id: "INV-1", context: .testing())      // runs here
    /// try await relier.push($sendInvoice(id: "INV-1"))             // runs on a worker
    /// ```
    ///
    /// - The parameters are the stored arguments, each under its own name in the payload. A declared default also stands in for an
    ///   argument that is missing in a payload, so adding one with a default breaks nothing that is queued.
    /// - A parameter of type ``TaskContext``, anywhere in the list, is given to the body and is not an argument.
    /// - Argument and result types are `Codable & Sendable`. A function that returns nothing has the output ``NoOutput``.
    /// - A synchronous function runs on a thread of its own and takes no timeouts.
    /// - The type is free of actors. In a module whose default isolation is the main actor, argument and result types, what defaults name
    ///   and synchronous functions have to be declared `nonisolated`; `async` functions need not.
    ///
    /// What can be seen to be wrong does not compile. Two functions with the same base name in one scope would need the same type:
    /// rename one of them.
    ///
    /// - Parameters:
    ///   - name: the stable name under which tasks are queued, 1 to 200 bytes. Without it `function` or `Type.function`; with it the function
    ///     can be renamed while tasks are queued.
    ///   - queue: where it waits; `default` unless given.
    ///   - idempotent: what makes two pushes one operation; off unless given. Named arguments are checked against the function's.
    ///   - softTimeout: how long the body may run before `onSoftTimeout` starts beside it; greater than zero, less than `hardTimeout`.
    ///   - hardTimeout: how long the body may run before it is cancelled; greater than zero.
    ///   - onSoftTimeout: runs beside the body from the soft timeout on, with the same context.
    ///   - retry: what happens after the body threw or timed out; ``RetryPolicy/none`` unless given.
    ///   - version: the version of the payload's shape, from 1.
    ///   - migrations: how older payloads become those of `version`; literals are checked for what can never run, repetitions and gaps.
    ///   - resultTTL: how long the result is kept after the commit; without it `RELIER_RESULT_TTL`.
    ///   - limits: how many run at once, and how many start within a time, at most one of each sort. Named arguments are checked against the function's.
    ///   - schedule: when the task is pushed by itself, such as `.cron("30 2 * * *", in: "Europe/Berlin")` or `.every(.minutes(5))`. Every parameter but
    ///     the context then has a default.
    @attached(peer, names: prefixed(`$`))
    public macro RelierTask(
        name: String? = nil,
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
    ) = #externalMacro(module: "RelierMacros", type: "RelierTaskMacro")
#endif
