import Logging
import Relier

extension Logger {
    /// Warnings and errors, on standard error.
    static var bench: Logger {
        var logger = Logger(label: "relier.bench", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        return logger
    }

    /// Errors only, where deaths are what is measured.
    static var quiet: Logger {
        var logger = bench
        logger.logLevel = .error
        return logger
    }
}

/// A worker in this process.
enum InProcessWorker {
    /// Tasks in flight in throughput runs.
    static let concurrency = 512

    static func run<Value: Sendable>(
        on engine: any Engine, concurrency: Int = concurrency, client: ClientSettings = ClientSettings(logger: .bench),
        body: () async throws -> Value
    ) async throws -> Value {
        let settings = WorkerSettings(concurrency: concurrency, name: "bench", client: client, logger: .bench)
        let tasks: [any RelierTask.Type] = [NoOp.self, FreeNoOp.self, LimitedNoOp.self, IdempotentNoOp.self]
        let worker = Worker(engine: engine, tasks: try TaskRegistry(tasks), settings: settings)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await worker.run() } catch {
                    Tally.shared.fail(error)
                    throw error
                }
            }
            let value: Value
            do { value = try await body() } catch {
                worker.handOver()
                throw error
            }
            worker.drain()
            try await group.waitForAll()
            return value
        }
    }
}
