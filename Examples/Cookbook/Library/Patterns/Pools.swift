import Relier

// Pattern 6: work that cannot wait and work in bulk in queues of their own, each with its own pool:
//
//     cookbook worker --queues high_priority --concurrency 4 --name fast@%h
//     cookbook worker --queues default,low_priority --concurrency 16 --name bulk@%h

/// Somebody waits for this one.
@RelierTask(name: "confirmPayment", queue: "high_priority")
func confirmPayment(orderID: String, context: TaskContext) async throws -> String {
    "\(orderID) confirmed by \(context.worker)"
}

/// Nobody waits for these, and there are many.
@RelierTask(name: "regenerateThumbnail", queue: "low_priority")
func regenerateThumbnail(number: Int, context: TaskContext) async throws -> String {
    try await Task.sleep(for: .milliseconds(20))
    return context.worker
}
