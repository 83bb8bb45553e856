import Relier

/// Pattern 3b, progress in memory, saved once by the hook of the soft timeout.
///
/// It costs nothing while it runs. A timeout resumes where the hook saved; a killed worker never called the hook, so the import starts over.
@RelierTask(name: "importAirportsOnTimeout", softTimeout: .seconds(55), hardTimeout: .seconds(60), onSoftTimeout: saveProgress)
func importAirportsOnTimeout(file: String, context: TaskContext) async throws -> ImportSummary {
    var cursor = try context.partial(as: Cursor.self) ?? .start
    for try await row in rows(of: file, from: cursor) {
        try await store(row)
        cursor = cursor.advanced(past: row)
        context.metadata[Cursor.self] = cursor
    }
    return ImportSummary(rows: cursor.line)
}

/// The hook of 3b and 3c: saves what the body last noted.
@Sendable func saveProgress(_ context: TaskContext) async throws {
    if let cursor = context.metadata[Cursor.self] { try await context.setPartial(cursor) }
}
