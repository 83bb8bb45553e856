import Foundation
import Logging
import Relier
import ServiceLifecycle
import UnixSignals

/// Commands that run until they are told to stop.
enum LongRunning {
    /// Runs the service until it ends by itself. The first SIGTERM, SIGINT or SIGHUP shuts it down gracefully, a second SIGTERM or SIGINT cancels it.
    /// A terminal that closes may send SIGHUP twice; under `nohup` it counts for nothing.
    static func run(_ service: any Service, logger: Logger) async throws {
        surviveClosedPipes()
        let trapped: [UnixSignal] = Hangup.isIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
        let signals = await UnixSignalsSequence(trapping: trapped)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)], logger: quiet(logger)))
        try await withThrowingTaskGroup(of: Ending.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .service
            }
            tasks.addTask {
                var count = 0
                for await signal in signals {
                    if signal == .sighup && count > 0 { continue }
                    count += 1
                    if count == 2 { return .secondSignal }
                    logger.notice("\(signal): stopping; running tasks may finish, a second signal stops at once")
                    await group.triggerGracefulShutdown()
                }
                return .noSignals
            }
            var isHurried = false
            do {
                while let ending = try await tasks.next() {
                    switch ending {
                    case .service:
                        tasks.cancelAll()
                        return
                    case .secondSignal:
                        logger.notice("second signal: stopping at once")
                        isHurried = true
                        tasks.cancelAll()
                    case .noSignals:
                        break
                    }
                }
            } catch {
                if !(isHurried && error is CancellationError) { throw error }
            }
        }
    }

    /// A reader of our output that goes away ends the output, not the process. A handler rather than "ignore", which programs started from
    /// here would inherit.
    static func surviveClosedPipes() {
        signal(SIGPIPE) { _ in }
    }

    /// The lifecycle's own steps are of interest when something is wrong with it only.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel < .warning && logger.logLevel > .debug { logger.logLevel = .warning }
        return logger
    }

    private enum Ending { case service, secondSignal, noSignals }
}
