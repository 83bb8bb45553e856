import Foundation
import Logging
public import ServiceLifecycle
import Synchronization

/// Starts worker processes, sees them die, releases what they held at once, and starts others. It runs no task itself.
public struct Supervisor: Service {
    private let engine: any Engine
    private let settings: SupervisorSettings

    public init(engine: any Engine, settings: SupervisorSettings) {
        self.engine = engine
        self.settings = settings
    }

    /// Runs until a graceful shutdown, which drains the workers, or cancellation, which has them hand over at once. Ends when all of them have ended.
    /// - Throws: ``POSIXFailure`` when no worker could be started at all.
    public func run() async throws {
        let (events, sender) = AsyncStream.makeStream(of: Nursery.Event.self)
        // The sweeper goes on while workers drain, so it has its own end.
        let sweeping = Task { [engine, settings] in
            try await Resurrector(engine: engine, settings: settings.resurrection, logger: settings.logger).run()
        }
        defer { sweeping.cancel() }
        let scheduling = settings.schedules.map { tasks in
            Task { [engine, settings] in
                try await Scheduler(engine: engine, tasks: tasks, settings: settings.scheduling, logger: settings.logger).run()
            }
        }
        defer { scheduling?.cancel() }
        let polling = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                sender.yield(.tick)
            }
        }
        defer { polling.cancel() }
        // In a task of its own: cancellation ends an AsyncStream's iteration at once, and the children must still be awaited.
        let minding = Task { [engine, settings] in
            var nursery = Nursery(engine: engine, settings: settings, sender: sender)
            try nursery.begin()
            for await event in events {
                await nursery.handle(event)
                if nursery.isOver { break }
            }
            await nursery.finish()
        }
        let result = await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await minding.result
            } onGracefulShutdown: {
                sender.yield(.drain)
            }
        } onCancel: {
            sender.yield(.handOver)
        }
        try result.get()
    }
}
