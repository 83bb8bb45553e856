import ArgumentParser
import Relier
import ServiceLifecycle
import UnixSignals

/// A worker in a process of its own.
struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var site: Site
    /// Sweeps nothing, as a worker whose supervisor does.
    @Flag var supervised = false

    func run() async throws {
        let engine = try site.open()
        var settings = WorkerSettings(name: "bench", logger: .bench)
        if supervised { settings.resurrection = nil }
        let worker = Worker(engine: engine, tasks: try TaskRegistry([StartTime.self]), settings: settings)
        let group = ServiceGroup(services: [worker], gracefulShutdownSignals: [.sigterm], logger: .bench)
        try await group.run()
        try await engine.close()
    }
}
