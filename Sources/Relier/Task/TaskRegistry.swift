import Foundation

/// The tasks that a worker can run, checked: no two of one name, no option that can never hold.
public struct TaskRegistry: Sendable {
    let entries: [String: RegisteredTask]
    /// Those with a schedule, in the order of the list.
    let periodic: [PeriodicTask]

    /// - Throws: ``RegistrationError`` naming the first task that cannot work and why.
    public init(_ types: [any RelierTask.Type]) throws {
        var entries: [String: RegisteredTask] = [:]
        var periodic: [PeriodicTask] = []
        for type in types {
            if let objection = Self.objection(to: type) { throw RegistrationError(objection) }
            let entry = RegisteredTask(type)
            if let other = entries[entry.name] {
                throw RegistrationError(
                    "two tasks have the name '\(entry.name)': \(other.typeName) and \(entry.typeName); give one of them another name:")
            }
            entries[entry.name] = entry
            if let task = try PeriodicTask(type) { periodic.append(task) }
        }
        self.entries = entries
        self.periodic = periodic
    }

    /// What the worker publishes.
    public var kinds: [TaskKind] {
        entries.values.map(\.kind).sorted { $0.name < $1.name }
    }

    /// Why a task of this type can never work; `nil` when it can.
    static func objection(to type: any RelierTask.Type) -> String? {
        let options = type.options
        let name = type.name
        func about(_ text: String) -> String { "task '\(name)': \(text)" }
        if name.isEmpty || name.utf8.count > 200 { return "a task's name has 1 to 200 bytes; \(type) has '\(name.prefix(40))'" }
        if let objection = options.queue.objection { return about(objection) }
        if options.version < 1 { return about("its version is \(options.version); versions start at 1") }
        if let objection = MigrationPlan.objection(to: options.migrations, version: options.version) { return about(objection) }
        if options.retry.maxAttempts < 1 {
            return about("its retry policy allows \(options.retry.maxAttempts) attempts; at least 1 is needed")
        }
        if let soft = options.softTimeout, soft <= .zero { return about("its soft timeout is not more than zero") }
        if let hard = options.hardTimeout, hard <= .zero { return about("its hard timeout is not more than zero") }
        if let soft = options.softTimeout, let hard = options.hardTimeout, soft >= hard {
            return about("its soft timeout (\(soft.inSeconds) s) must be less than its hard timeout (\(hard.inSeconds) s)")
        }
        if options.onSoftTimeout != nil && options.softTimeout == nil { return about("onSoftTimeout needs a softTimeout") }
        if type is any BlockingRelierTask.Type && (options.softTimeout ?? options.hardTimeout) != nil {
            return about("a synchronous body takes no timeouts, since it cannot be cancelled; make the function async")
        }
        if let ttl = options.idempotent.ttl {
            if ttl <= .zero { return about("its idempotency time to live is not more than zero") }
            if let hard = options.hardTimeout, ttl < hard {
                return about("its idempotency time to live (\(ttl.inSeconds) s) is less than its hard timeout (\(hard.inSeconds) s)")
            }
        }
        if let objection = TaskLimit.objection(to: options.limits, parameters: type.parameters) { return about(objection) }
        if case .arguments(let names) = options.idempotent.kind {
            if names.isEmpty { return about("its idempotency key names no argument") }
            if !type.parameters.isEmpty, let unknown = names.first(where: { !type.parameters.contains($0) }) {
                return about(
                    "its idempotency key names '\(unknown)', which is no argument; it has \(type.parameters.joined(separator: ", "))")
            }
        }
        return nil
    }
}

/// A task's type with its body behind plain bytes.
struct RegisteredTask: Sendable {
    let name: String
    let typeName: String
    let options: TaskOptions
    let migrations: MigrationPlan
    let parameters: [String]
    let isBlocking: Bool
    let output: any Sendable.Type
    /// Decodes the arguments, runs the body, encodes the output.
    /// - Throws: ``PayloadUndecodable``, ``ResultUnencodable``, or what the body throws.
    let run: @Sendable (Data, TaskContext, BlockingThreads) async throws -> Data

    init<Task: RelierTask>(_ type: Task.Type) {
        name = type.name
        typeName = String(describing: type)
        let options = type.options
        self.options = options
        migrations = MigrationPlan(options.migrations, version: options.version)
        parameters = type.parameters
        output = type.Output.self
        let isBlocking = type is any BlockingRelierTask.Type
        self.isBlocking = isBlocking
        run = { payload, context, threads in
            let task: Task
            do { task = try CanonicalJSON.decode(Task.self, from: payload) } catch { throw PayloadUndecodable(cause: error) }
            let output: Task.Output
            if isBlocking, let blocking = task as? any BlockingRelierTask {
                output = try await Self.runBlocking(blocking, context, threads, as: Task.Output.self)
            } else {
                output = try await task.run(context)
            }
            if Task.Output.self == NoOutput.self { return Self.nothing }
            do { return try CanonicalJSON.encode(output) } catch { throw ResultUnencodable(cause: error) }
        }
    }

    /// What a worker publishes of it.
    var kind: TaskKind {
        TaskKind(
            name: name, version: options.version, parameters: parameters,
            limits: options.limits.map { $0.rule(of: name) }.sorted { $0.kind < $1.kind })
    }

    private static let nothing = Data("{}".utf8)

    private static func runBlocking<Body: BlockingRelierTask, Output: Sendable>(
        _ task: Body, _ context: TaskContext, _ threads: BlockingThreads, as type: Output.Type
    ) async throws -> Output {
        let output: Body.Output = try await threads.run {
            try TaskContext.$running.withValue(context) { try task.run(context) }
        }
        guard let output = output as? Output else { throw ResultUnencodable(cause: CancellationError()) }
        return output
    }
}

/// The stored arguments are not those of the registered type.
struct PayloadUndecodable: Error { let cause: any Error }
/// The body's output cannot be written as JSON.
struct ResultUnencodable: Error { let cause: any Error }
