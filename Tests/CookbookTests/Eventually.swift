import Testing

/// What was awaited did not come.
struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` gives a value: it is asked every few milliseconds, for as long as `limit`.
@discardableResult
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await condition() { return value }
        if ContinuousClock.now >= deadline { throw NeverHappened(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(3))
    }
}
