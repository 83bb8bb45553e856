import Foundation
import Relier
import RelierCommand

/// Writes a report, one page a second. What is written stays written when the process dies.
@RelierTask(name: "writeReport", idempotent: .automatic)
func writeReport(title: String, pages: Int = 30, context: TaskContext) async throws -> String {
    var written = try context.partial(as: Int.self) ?? 0
    while written < pages {
        try await Task.sleep(for: .seconds(1))
        written += 1
        try await context.setPartial(written)
        context.logger.info("page \(written) of \(pages), by process \(ProcessInfo.processInfo.processIdentifier)")
    }
    return "\(title): \(written) pages"
}

@main
struct Reports: RelierApp {
    static let tasks: [any RelierTask.Type] = [$writeReport.self]
}
