import Logging
import Relier

/// Pattern 4, the context as a parameter: a function that says what it needs, and that a test can call.
@RelierTask(name: "processWithContext")
func processWithContext(itemID: String, context: TaskContext) async throws -> String {
    context.logger.info("processing \(itemID)")
    return "\(itemID) by attempt \(context.attempt) of task \(context.id)"
}

/// Pattern 9, the same context from where it is: no parameter has to be handed down to the helper that wants it.
@RelierTask(name: "processItem")
func processItem(itemID: String) async throws -> String {
    try await describe(itemID)
}

private func describe(_ itemID: String) async throws -> String {
    let context = try TaskContext.current
    context.logger.info("processing \(itemID)")
    return "\(itemID) by attempt \(context.attempt) of task \(context.id)"
}
