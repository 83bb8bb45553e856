import Foundation
import Logging
import Relier
import Synchronization
import TestSupport
import Testing

/// Runs `body` beside a worker of this process, in a place of its own for tasks.
func withWorker(
    _ tasks: [any RelierTask.Type], concurrency: Int = 10, client: ClientSettings = ClientSettings(),
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: @Sendable (Relier, URL) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let place = TestPlace(in: directory.path)
        let engine = try place.engine()
        let worker = Worker(
            engine: engine, tasks: try TaskRegistry(tasks),
            settings: WorkerSettings(concurrency: concurrency, client: client, logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(Relier(engine), directory)) } catch { result = .failure(error) }
            worker.handOver()
            try await group.waitForAll()
            try result.get()
        }
        try await place.remove(engine)
    }
}

/// A logger whose messages a test can read.
final class LoggedMessages: Sendable {
    private let messages = Mutex<[String]>([])

    var all: [String] { messages.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(messages: self) } }

    private struct Handler: LogHandler {
        let messages: LoggedMessages
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            messages.messages.withLock { $0.append("\(event.level): \(event.message)") }
        }
    }
}
