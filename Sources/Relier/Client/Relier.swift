public import Foundation
public import Logging

/// A client: accepts tasks durably and follows them to their end.
///
/// ```swift
/// let relier = Relier(try SQLiteEngine(path: "relier.db"))
/// let receipt = try await relier.push($sendInvoice(id: "INV-1"))
/// ```
///
/// A value that may be copied freely; all copies share the engine.
public struct Relier: Sendable {
    public let engine: any Engine
    public let settings: ClientSettings

    public init(_ engine: any Engine, settings: ClientSettings = ClientSettings()) {
        self.engine = engine
        self.settings = settings
    }

    /// Accepts a task. When this returns, the task ends committed, quarantined with a reason, or cancelled by an operator, whatever crashes.
    ///
    /// - Parameters:
    ///   - after: the least time to wait before it may start; zero or less is at once.
    ///   - date: a date before which it does not start, by the wall clock. With both, the later holds.
    ///   - id: the id of an earlier push whose outcome was unknown: pushing under it again is safe.
    ///   - onSaturation: what to do when ``ClientSettings/admission`` does not let it in; `nil` waits inside a body and throws elsewhere.
    /// - Returns: a receipt; ``TaskReceipt/isDuplicate`` tells whether an equal operation was there before.
    /// - Throws: ``PushOutcomeUnknown`` with the id when the reply was lost; ``PayloadTooLarge``; ``RegistrationError`` for options that can never hold;
    ///   ``AdmissionRejectedError``; `CancellationError` when it was cancelled while it waited for admission; ``EngineError`` when the task was not accepted.
    @discardableResult
    public func push<Task: RelierTask>(
        _ task: Task, after delay: Duration? = nil, at date: Date? = nil, id: TaskID? = nil, onSaturation: OnSaturation? = nil
    ) async throws -> TaskReceipt<Task.Output> {
        let new = try newTask(task, due: Due(after: delay, at: date), id: id ?? .next())
        return receipts(for: [new], try await accept([new], onSaturation: onSaturation))[0]
    }

    /// Accepts many tasks in one step, all or none; under ``ClientSettings/admission`` in their order and as far as they fit.
    /// See ``push(_:after:at:id:onSaturation:)``.
    /// - Throws: ``PartialPushError`` with the receipts of what is in and with the rest, when not all were admitted or the wait for that was cut short.
    @discardableResult
    public func push<Task: RelierTask>(
        contentsOf tasks: [Task], after delay: Duration? = nil, at date: Date? = nil, onSaturation: OnSaturation? = nil
    ) async throws -> [TaskReceipt<Task.Output>] {
        if tasks.isEmpty { return [] }
        let due = Due(after: delay, at: date)
        return try await accept(contentsOf: try newTasks(tasks, due: due), of: tasks, onSaturation: onSaturation)
    }

    /// Follows a task by its id, for a program that kept no receipt.
    public func receipt<Task: RelierTask>(for id: TaskID, of type: Task.Type) -> TaskReceipt<Task.Output> {
        TaskReceipt(id: id, isDuplicate: false, engine: engine)
    }

    /// Accepts a task by its name and its arguments as JSON, for programs that do not have its type.
    ///
    /// The JSON is stored as it is; a worker that cannot decode it quarantines the task.
    /// - Throws: ``RegistrationError`` when `arguments` is not a JSON object; otherwise as ``push(_:after:at:id:onSaturation:)``.
    @discardableResult
    public func push(
        name: String, arguments: Data, version: Int = 1, queue: Queue = .default, after delay: Duration? = nil,
        onSaturation: OnSaturation? = nil
    ) async throws -> TaskReceipt<JSONValue> {
        let value: JSONValue
        do { value = try CanonicalJSON.decode(JSONValue.self, from: arguments) } catch {
            throw RegistrationError("the arguments of '\(name)' are not JSON: \(Self.line(error))")
        }
        guard case .object = value else {
            throw RegistrationError("the arguments of '\(name)' are not a JSON object, such as {\"id\": \"INV-1\"}")
        }
        if let objection = queue.objection { throw RegistrationError(objection) }
        if version < 1 { throw RegistrationError("the version of '\(name)' is \(version); versions start at 1") }
        let payload = try CanonicalJSON.encode(value)
        try checkSize(payload, of: name)
        let new = NewTask(
            envelope: sealed(
                Envelope(id: .next(), name: name, version: version, payload: payload, enqueuedAt: EngineTime(microseconds: 0))),
            queue: queue, due: Due(after: delay, at: nil), resultTTL: settings.resultTTL)
        return receipts(for: [new], try await accept([new], onSaturation: onSaturation))[0]
    }

    package func newTask<Task: RelierTask>(_ task: Task, due: Due, id: TaskID, parent: (id: TaskID, fence: Fence)? = nil) throws -> NewTask
    {
        try newTask(task, try checkedOptions(of: Task.self), due: due, id: id, parent: parent)
    }

    /// Many of one type, whose options are looked at once.
    package func newTasks<Task: RelierTask>(_ tasks: [Task], due: Due) throws -> [NewTask] {
        let options = try checkedOptions(of: Task.self)
        return try tasks.map { try newTask($0, options, due: due, id: .next(), parent: nil) }
    }

    private func checkedOptions<Task: RelierTask>(of type: Task.Type) throws -> TaskOptions {
        if let objection = TaskRegistry.objection(to: Task.self) { throw RegistrationError(objection) }
        if let known = settings.knownNames, !known.contains(Task.name) {
            settings.logger.warning("task '\(Task.name)' is not in the program's list of tasks; no worker of this program can run it")
        }
        return Task.options
    }

    private func newTask<Task: RelierTask>(
        _ task: Task, _ options: TaskOptions, due: Due, id: TaskID, parent: (id: TaskID, fence: Fence)?
    ) throws -> NewTask {
        let payload = try CanonicalJSON.encode(task)
        try checkSize(payload, of: Task.name)
        return NewTask(
            envelope: sealed(
                Envelope(id: id, name: Task.name, version: options.version, payload: payload, enqueuedAt: EngineTime(microseconds: 0))),
            queue: options.queue, due: due, key: try TaskKey.make(for: Task.self, options.idempotent, payload: payload),
            keyTTL: options.idempotent.ttl ?? settings.keyTTL, resultTTL: options.resultTTL ?? settings.resultTTL, parent: parent,
            limits: try LimitKeys.make(for: Task.self, limits: options.limits, payload: payload))
    }

    package func receipts<Output>(for tasks: [NewTask], _ outcomes: [PushOutcome]) -> [TaskReceipt<Output>] {
        zip(tasks, outcomes).map(receipt)
    }

    func receipt<Output>(for task: NewTask, _ outcome: PushOutcome) -> TaskReceipt<Output> {
        switch outcome {
        case .accepted: TaskReceipt(id: task.envelope.id, isDuplicate: false, engine: engine)
        case .duplicate(let owner): TaskReceipt(id: owner, isDuplicate: true, engine: engine)
        // A rejected task has no receipt: it never comes here.
        case .known, .rejected: TaskReceipt(id: task.envelope.id, isDuplicate: true, engine: engine)
        }
    }

    /// Signed, if this client has a key.
    private func sealed(_ envelope: Envelope) -> Envelope {
        guard let keys = settings.signing else { return envelope }
        var envelope = envelope
        envelope.signature = envelope.signature(by: keys.current)
        return envelope
    }

    private func checkSize(_ payload: Data, of name: String) throws {
        if payload.count > settings.maxPayloadBytes {
            throw PayloadTooLarge(name: name, bytes: payload.count, limit: settings.maxPayloadBytes)
        }
    }

    private static func line(_ error: any Error) -> String {
        if case DecodingError.dataCorrupted(let context) = error { return context.debugDescription }
        return "\(error)"
    }
}

/// How a client pushes.
public struct ClientSettings: Sendable {
    /// How long a result is kept after the commit, for tasks that do not say. 1 h.
    public var resultTTL: Duration
    /// How long an idempotency key answers after the commit, for tasks that do not say. 1 h.
    public var keyTTL: Duration
    /// The largest payload that a push accepts, and that a worker with these settings runs, in bytes of JSON. 1 MiB.
    public var maxPayloadBytes: Int
    /// With a key each push is signed; workers that have one too run nothing else. `nil`: pushes are not signed.
    public var signing: SigningKeys?
    /// The names this program's workers run: pushing another warns. `nil`: not known.
    public var knownNames: Set<String>?
    /// How many tasks come in; `nil` admits all and counts none. `Settings` of a program set it.
    public var admission: AdmissionPolicy?
    public var logger: Logger

    public init(
        resultTTL: Duration = .hours(1), keyTTL: Duration = .hours(1), maxPayloadBytes: Int = 1 << 20,
        signing: SigningKeys? = nil, knownNames: Set<String>? = nil, admission: AdmissionPolicy? = nil,
        logger: Logger = Logger(label: "relier")
    ) {
        self.resultTTL = resultTTL
        self.keyTTL = keyTTL
        self.maxPayloadBytes = maxPayloadBytes
        self.signing = signing
        self.knownNames = knownNames
        self.admission = admission
        self.logger = logger
    }
}

extension Due {
    /// With both, the later of the two is taken when the push is made.
    package init(after delay: Duration?, at date: Date?) {
        switch (delay, date) {
        case (nil, nil): self = .now
        case (let delay?, nil): self = .after(delay)
        case (nil, let date?): self = .at(date)
        case (let delay?, let date?):
            let byDelay = Date(timeIntervalSinceNow: delay.inSeconds)
            self = byDelay > date ? .after(delay) : .at(date)
        }
    }
}
