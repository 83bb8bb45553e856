import Foundation
import Relier

/// Pattern 5, two timeouts with a cleanup: the hook gives back what the body holds outside, before the hard timeout cancels it.
///
/// The hook runs beside the body, with the same context, and has the time between the two timeouts.
@RelierTask(
    name: "processWithExternalLock", softTimeout: .seconds(1), hardTimeout: .seconds(2), onSoftTimeout: releaseResources)
func processWithExternalLock(itemID: String, steps: Int, context: TaskContext) async throws -> Int {
    let lock = ExternalLock(itemID)
    try lock.acquire()
    defer { lock.release() }
    for step in (try context.partial(as: Int.self) ?? 0)..<steps {
        try await Task.sleep(for: .milliseconds(100))
        context.metadata[StepsDone.self] = StepsDone(count: step + 1)
    }
    return steps
}

/// The hook: the original arguments are those of the context, the body's metadata is its own.
@Sendable func releaseResources(_ context: TaskContext) async throws {
    let original = try context.arguments(as: $processWithExternalLock.self)
    ExternalLock(original.itemID).release()
    try await context.setPartial(context.metadata[StepsDone.self]?.count ?? 0)
}

struct StepsDone: Sendable {
    var count: Int
}

/// Stands for a lock of another system: a file that one process alone can make.
struct ExternalLock: Sendable {
    let path: String

    init(_ name: String) {
        let directory = ProcessInfo.processInfo.environment["COOKBOOK_LOCKS"] ?? NSTemporaryDirectory()
        path = directory + "/cookbook-\(name).lock"
    }

    struct Taken: Error {}

    /// - Throws: ``Taken`` when somebody has it.
    func acquire() throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Taken() }
        close(descriptor)
    }

    /// Nothing happens when it was released before.
    func release() { unlink(path) }

    var isTaken: Bool { FileManager.default.fileExists(atPath: path) }
}
