/// What was waited for did not come.
package struct NeverHappened: Error, CustomStringConvertible {
    package let description: String
}

/// Suspends until the condition holds, asking every few milliseconds.
/// - Throws: ``NeverHappened`` when it does not within the limit.
package func until(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > deadline { throw NeverHappened(description: "not within \(limit): \(what())") }
        try await Task.sleep(for: .milliseconds(5))  // waits: between two looks
    }
}
