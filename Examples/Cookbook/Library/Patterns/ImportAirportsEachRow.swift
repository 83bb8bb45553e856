import Relier

/// Pattern 3a, a checkpoint after each row: whatever kills the worker, at most one row is stored again.
@RelierTask(name: "importAirportsEachRow")
func importAirportsEachRow(file: String, context: TaskContext) async throws -> ImportSummary {
    var cursor = try context.partial(as: Cursor.self) ?? .start
    for try await row in rows(of: file, from: cursor) {
        try await store(row)
        cursor = cursor.advanced(past: row)
        try await context.setPartial(cursor)
    }
    return ImportSummary(rows: cursor.line)
}
