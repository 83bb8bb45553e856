import Foundation
import Relier

/// By how much delayed tasks start late: from the moment at which they were due to the start of the body, in an otherwise idle worker process.
///
/// Due is counted from before the push was sent, so what the push itself takes counts as late.
struct DelayedStartBench {
    let engine: any BenchEngine
    let scale: Scale

    func run() async throws -> Figure {
        let tasks = scale.count(1000, quick: 50)
        let site = try await engine.site()
        let store = try site.open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        let latencies = try await Child.run(["work"] + site.arguments) { _ in
            // The first one waits for the worker to be up.
            _ = try await relier.push(StartTime()).value(timeout: .seconds(60))
            return try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<tasks {
                    try await Task.sleep(for: .microseconds(Int.random(in: 1_000...10_000)))
                    let delay = Int64.random(in: 20_000_000...2_000_000_000)
                    let due = Monotonic.now() + delay
                    let receipt = try await relier.push(StartTime(), after: .nanoseconds(delay))
                    group.addTask { max(0, try await receipt.value(timeout: .seconds(60)) - due) }
                }
                var latencies = Latencies()
                for try await latency in group { latencies.add(latency) }
                return latencies
            }
        }
        try await store.close()
        var figure = Figure(
            .delayedStart, engine.name, ours: latencies.milliseconds(at: 0.5), raw: nil, unit: "ms", tasks: tasks, rounds: 1)
        figure.setLatencies(latencies)
        return figure
    }
}
