import Foundation

/// The steps of one task in their order, checked. Pure.
struct MigrationPlan: Sendable {
    /// From the oldest on, without a gap, up to the task's version.
    private let steps: [Migration]
    private let version: Int

    var isEmpty: Bool { steps.isEmpty }

    /// - Precondition: ``objection(to:version:)`` has none.
    init(_ migrations: [Migration], version: Int) {
        steps = migrations.sorted { $0.from < $1.from }
        self.version = version
    }

    /// Why these steps cannot lead to `version`; `nil` when they can.
    static func objection(to migrations: [Migration], version: Int) -> String? {
        if migrations.isEmpty { return nil }
        let starts = migrations.map(\.from).sorted()
        if let start = starts.first(where: { $0 < 1 }) {
            return "its migration from version \(start) can never run; versions start at 1"
        }
        if let start = starts.last, start >= version {
            return "its migration from version \(start) can never run, since its version is \(version)"
        }
        for (start, next) in zip(starts, starts.dropFirst() + [version]) {
            if next == start { return "two of its migrations start from version \(start)" }
            if next > start + 1 {
                return "its migrations have a gap: none starts from version \(start + 1); "
                    + "where nothing has to be done, add '.compatible(from: \(start + 1))'"
            }
        }
        return nil
    }

    /// The arguments of a payload that is older than the task, as the task reads them.
    /// - Throws: ``SchemaMigrationError``; ``PayloadUndecodable`` when the payload is no JSON.
    func migrate(_ payload: Data, from start: Int) throws -> Data {
        guard let oldest = steps.first?.from, oldest <= start else {
            throw SchemaMigrationError(
                message: "no migration starts from version \(start); the oldest starts from \(steps.first?.from ?? version)")
        }
        var json: JSONValue
        do { json = try CanonicalJSON.decode(JSONValue.self, from: payload) } catch { throw PayloadUndecodable(cause: error) }
        for migration in steps where migration.from >= start {
            do { try migration.step(&json) } catch {
                throw SchemaMigrationError(
                    message: "the migration from version \(migration.from) threw \(FailureText.reason(error)): \(FailureText.line(error))")
            }
        }
        do { return try CanonicalJSON.encode(json) } catch {
            throw SchemaMigrationError(message: "the migrated arguments cannot be written as JSON: \(FailureText.line(error))")
        }
    }
}

/// The stored arguments are of an older version and could not be brought to the task's own.
struct SchemaMigrationError: Error { let message: String }

extension RegisteredTask {
    /// What brings arguments of that version to the task's own; `nil` where they are decoded as they are.
    func migration(from version: Int) -> (@Sendable (Data) throws -> Data)? {
        guard version < options.version, !migrations.isEmpty else { return nil }
        let migrations = migrations
        return { payload in try migrations.migrate(payload, from: version) }
    }

    /// Brings the arguments to the task's version, runs the body, encodes the output.
    /// - Throws: ``SchemaMigrationError``, ``PayloadUndecodable``, ``ResultUnencodable``, or what the body throws.
    func perform(_ envelope: Envelope, _ context: TaskContext, _ threads: BlockingThreads) async throws -> Data {
        guard let migration = migration(from: envelope.version) else { return try await run(envelope.payload, context, threads) }
        let arguments = try migration(envelope.payload)
        do {
            return try await run(arguments, context, threads)
        } catch let error as PayloadUndecodable {
            throw SchemaMigrationError(
                message:
                    "the arguments, migrated from version \(envelope.version) to \(options.version), are not those of the task: \(FailureText.line(error.cause))"
            )
        }
    }
}
