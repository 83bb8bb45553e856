import Relier

/// Pattern 3c, what production should use: a checkpoint every 100 rows, and one more when the time runs out.
///
/// Whatever kills the worker, at most 100 rows are stored again.
@RelierTask(name: "importAirports", softTimeout: .seconds(55), hardTimeout: .seconds(60), onSoftTimeout: saveProgress)
func importAirports(file: String, context: TaskContext) async throws -> ImportSummary {
    var cursor = try context.partial(as: Cursor.self) ?? .start
    for try await row in rows(of: file, from: cursor) {
        try await store(row)
        cursor = cursor.advanced(past: row)
        context.metadata[Cursor.self] = cursor
        if cursor.line.isMultiple(of: 100) { try await context.setPartial(cursor) }
    }
    return ImportSummary(rows: cursor.line)
}
