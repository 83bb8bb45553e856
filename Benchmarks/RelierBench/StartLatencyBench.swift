import ArgumentParser
import Foundation
import Relier
import RelierSQLite
import ServiceLifecycle
import UnixSignals

/// The time from the return of a push to the start of the body, in an idle worker process.
///
/// Raw is the one thing that has to be in between: the transaction that claims the task.
struct StartLatencyBench {
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        let sqlite = RawSQLite(path: try scratch.database(), durability: .durable)
        let raw = try sqlite.measure(group: 1, tasks: scale.count(500, quick: 50)).claimLatencies
        let tasks = scale.count(500, quick: 30)
        let latencies = try await measureOurs(tasks)
        var figure = Figure(
            .startLatency, ours: latencies.milliseconds(at: 0.5), raw: raw.milliseconds(at: 0.5), unit: "ms", tasks: tasks, rounds: 1)
        figure.setLatencies(latencies)
        return figure
    }

    private func measureOurs(_ tasks: Int) async throws -> Latencies {
        let path = try scratch.database()
        let engine = try SQLiteEngine(path: path, options: SQLiteOptions(logger: .bench))
        let relier = Relier(engine, settings: ClientSettings(logger: .bench))
        let latencies = try await Child.run(["work", "--path", path]) {
            // The first one waits for the worker to be up.
            _ = try await relier.push(StartTime()).value(timeout: .seconds(60))
            var latencies = Latencies()
            for _ in 0..<tasks {
                // Long enough for the worker to have gone to rest, and of no fixed length, so that no rhythm is measured.
                try await Task.sleep(for: .microseconds(Int.random(in: 5_000...15_000)))
                let receipt = try await relier.push(StartTime())
                let returned = Monotonic.now()
                // A body may start before the caller runs on; it did not wait then.
                latencies.add(max(0, try await receipt.value(timeout: .seconds(60)) - returned))
            }
            return latencies
        }
        try await engine.close()
        return latencies
    }
}

/// Answers when its body started.
struct StartTime: RelierTask {
    static let name = "start-time"

    func run(_ context: TaskContext) async throws -> Int64 { Monotonic.now() }
}

/// The worker of ``StartLatencyBench``, a process of its own.
struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var path: String

    func run() async throws {
        let engine = try SQLiteEngine(path: path, options: SQLiteOptions(logger: .bench))
        let settings = WorkerSettings(name: "bench", logger: .bench)
        let worker = Worker(engine: engine, tasks: try TaskRegistry([StartTime.self]), settings: settings)
        let group = ServiceGroup(services: [worker], gracefulShutdownSignals: [.sigterm], logger: .bench)
        try await group.run()
        try await engine.close()
    }
}
