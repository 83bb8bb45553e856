import ArgumentParser
import Foundation
import Relier
import ServiceLifecycle

/// The time from a worker's `SIGKILL` to the next start of what it ran, its supervisor alive and another worker process idle.
struct RecoveryBench {
    let engine: any BenchEngine
    let scale: Scale

    /// A supervisor restarts a process that keeps dying young after growing pauses, so each one sees few kills.
    private static let killsEach = 5

    func run() async throws -> Figure {
        let supervisors = scale.count(6, quick: 1)
        var latencies = Latencies()
        for _ in 0..<supervisors { latencies.add(try await measure(Self.killsEach)) }
        var figure = Figure(
            .recovery, engine.name, ours: latencies.milliseconds(at: 0.5), raw: nil, unit: "ms", tasks: Self.killsEach, rounds: supervisors)
        figure.setLatencies(latencies)
        return figure
    }

    private func measure(_ kills: Int) async throws -> Latencies {
        let site = try await engine.site()
        let store = try site.open()
        let settings = SupervisorSettings(
            processes: 2, executable: try Child.executable,
            arguments: { process, isolated in
                ["work-supervised"] + site.arguments + ["--process", process.description] + (isolated ? ["--isolated"] : [])
            },
            logger: .quiet)
        let supervisor = ServiceGroup(services: [Supervisor(engine: store, settings: settings)], logger: .quiet)
        let latencies = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await supervisor.run() }
            let latencies: Result<Latencies, any Error>
            do { latencies = .success(try await kill(kills, store)) } catch { latencies = .failure(error) }
            await supervisor.triggerGracefulShutdown()
            try await group.waitForAll()
            return try latencies.get()
        }
        try await store.close()
        return latencies
    }

    private func kill(_ kills: Int, _ engine: any Engine) async throws -> Latencies {
        let relier = Relier(engine, settings: ClientSettings(logger: .bench))
        var latencies = Latencies()
        for _ in 0..<kills {
            _ = try await worker(of: engine) { $0.count == 2 && $0.allSatisfy { $0.running == 0 } ? $0[0] : nil }
            let receipt = try await relier.push(SecondStart())
            let victim = try await worker(of: engine) { workers in workers.first { $0.running == 1 } }
            let killed = Monotonic.now()
            guard Foundation.kill(victim.info.pid, SIGKILL) == 0 else {
                throw BenchFailure("could not kill worker process \(victim.info.pid)")
            }
            latencies.add(try await receipt.value(timeout: .seconds(60)) - killed)
        }
        return latencies
    }

    /// Waits until `choose` finds what it looks for among the workers.
    private func worker(of engine: any Engine, _ choose: ([WorkerSummary]) -> WorkerSummary?) async throws -> WorkerSummary {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let found = choose(try await engine.workers()) { return found }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw BenchFailure("the worker processes were not ready within 60 s")
    }
}

/// Runs for ever the first time; answers when it started the second time.
struct SecondStart: RelierTask {
    static let name = "second-start"

    func run(_ context: TaskContext) async throws -> Int64 {
        let start = Monotonic.now()
        if context.resurrections == 0 { try await Task.sleep(for: .seconds(3600)) }
        return start
    }
}

/// A worker process of ``RecoveryBench``.
struct WorkSupervised: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var site: Site
    @Option var process: String
    @Flag var isolated = false

    func run() async throws {
        guard let process = TaskID(process) else { throw BenchFailure("--process takes a UUID") }
        let engine = try site.open()
        let settings = WorkerSettings(
            concurrency: 4, name: "bench-%p", process: process, isolated: isolated, ownsProcess: true, logger: .bench)
        _ = try await WorkerProcess.run(
            engine: engine, tasks: try TaskRegistry([SecondStart.self]), settings: settings, orders: 3)
    }
}
