import Foundation
import Relier

/// The time from the return of a push to the start of the body, in an idle worker process.
///
/// Raw is the one thing that has to be in between: on SQLite the transaction that claims the task, on Redis a round trip.
struct StartLatencyBench {
    let engine: any BenchEngine
    let scale: Scale

    func run() async throws -> Figure {
        let raw = try await engine.bareLatencies(scale.count(500, quick: 50))
        let tasks = scale.count(500, quick: 30)
        let latencies = try await measureOurs(tasks)
        var figure = Figure(
            .startLatency, engine.name, ours: latencies.milliseconds(at: 0.5), raw: raw.milliseconds(at: 0.5), unit: "ms", tasks: tasks,
            rounds: 1)
        figure.setLatencies(latencies)
        return figure
    }

    private func measureOurs(_ tasks: Int) async throws -> Latencies {
        let site = try await engine.site()
        let store = try site.open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        let latencies = try await Child.run(["work"] + site.arguments) { _ in
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
        try await store.close()
        return latencies
    }
}

/// Answers when its body started.
struct StartTime: RelierTask {
    static let name = "start-time"

    func run(_ context: TaskContext) async throws -> Int64 { Monotonic.now() }
}
