import Foundation
import Relier
import RelierSQLite

/// Tasks a second from the first push to the last commit: a producer process that pushes live in batches, one worker process.
///
/// Raw is a task's life in groups: insert, then claim and commit, one after the other.
struct EndToEndBench {
    let bench: Bench
    let engine: any BenchEngine
    var durability = SQLiteOptions.Durability.durable
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        let tasks = scale.count(40_960, quick: 2_560)
        var ours: [Double] = []
        var raw: [Double] = []
        var cpu: [Double] = []
        var audit = ""
        for _ in 0..<scale.rounds {
            raw.append(try await engine.raw(group: engine.rawGroup, tasks: tasks, durability).life)
            let round = try await measureOurs(tasks)
            ours.append(round.rate)
            cpu.append(round.workerMicroseconds)
            audit = round.audit
        }
        var figure = Figure(
            bench, engine.name, ours: ours.median, raw: raw.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.audit = audit
        figure.setWorker(cpu)
        return figure
    }

    /// - Parameter preloads: whether all tasks stand in the queue before the worker starts; the time is then the worker's alone.
    func measureOurs(_ tasks: Int, kind: Produce.Kind = .plain, preloads: Bool = false) async throws -> Round {
        let site = try await engine.site(durability)
        let store = try site.open()
        Tally.shared.reset()
        let note = try scratch.directory().appendingPathComponent("started").path
        let produce = Produce.arguments(site, tasks: tasks, kind: kind, note: note)
        if preloads { try await Child.run(produce) }
        var start = Monotonic.now()
        let cpu = ProcessorTime.used()
        let (ran, end, cpuAtEnd) = try await InProcessWorker.run(on: store, client: try kind.client) {
            async let produced: Void = preloads ? () : Child.run(produce)
            async let ran = Tally.shared.wait(for: tasks)
            try await produced
            let ids = try await ran
            try await Audit.awaitEnd(of: ids, engine: store)
            return (ids, Monotonic.now(), ProcessorTime.used())
        }
        let audit = try await Audit.check(pushed: tasks, ran: ran, engine: store)
        try await store.close()
        if !preloads { start = try Produce.start(noted: note) }
        try await engine.clear()
        return Round(
            rate: Double(tasks) / (Double(end - start) / 1e9), workerMicroseconds: Double(cpuAtEnd - cpu) / 1000 / Double(tasks),
            audit: audit)
    }

    struct Round {
        var rate: Double
        /// Processor time of the worker's process for each task.
        var workerMicroseconds: Double
        var audit: String
    }
}

/// Tasks a second of one worker process that empties a full queue. Raw is claim and commit in groups.
struct DrainBench {
    let engine: any BenchEngine
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        let tasks = scale.count(61_440, quick: 2_560)
        var ours: [Double] = []
        var raw: [Double] = []
        var cpu: [Double] = []
        var audit = ""
        let bench = EndToEndBench(bench: .drain, engine: engine, scale: scale, scratch: scratch)
        for _ in 0..<scale.rounds {
            raw.append(try await engine.raw(group: engine.rawGroup, tasks: tasks).claimAndCommit)
            let round = try await bench.measureOurs(tasks, preloads: true)
            ours.append(round.rate)
            cpu.append(round.workerMicroseconds)
            audit = round.audit
        }
        var figure = Figure(
            .drain, engine.name, ours: ours.median, raw: raw.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.audit = audit
        figure.setWorker(cpu)
        return figure
    }
}
