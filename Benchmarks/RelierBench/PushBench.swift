import Relier
import RelierSQLite

/// How fast tasks are accepted: one after another, fifty callers at once, batches of a thousand.
///
/// Raw is an insert alone, one a transaction, or 256 a transaction beside the batches.
struct PushBench {
    let bench: Bench
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        var ours: [Double] = []
        var raw: [Double] = []
        var latencies = Latencies()
        var audit = ""
        var tasks = 0
        for _ in 0..<scale.rounds {
            raw.append(try measureRaw())
            let round = try await measureOurs()
            ours.append(round.rate)
            latencies.add(round.latencies)
            audit = round.audit
            tasks = round.tasks
        }
        var figure = Figure(bench, ours: ours.median, raw: raw.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.setLatencies(latencies)
        figure.audit = audit
        return figure
    }

    private func measureRaw() throws -> Double {
        let sqlite = RawSQLite(path: try scratch.database(), durability: .durable)
        if bench == .pushBatch {
            return try sqlite.measure(group: 256, tasks: scale.count(25_600, quick: 2_560)).push
        }
        return try sqlite.measure(group: 1, tasks: scale.count(500, quick: 50)).push
    }

    private struct Round {
        var rate: Double
        var latencies: Latencies
        var tasks: Int
        var audit: String
    }

    private func measureOurs() async throws -> Round {
        let engine = try SQLiteEngine(path: try scratch.database(), options: SQLiteOptions(logger: .bench))
        let relier = Relier(engine, settings: ClientSettings(logger: .bench))
        _ = try await relier.push(NoOp())
        let start = Monotonic.now()
        let (tasks, latencies) = try await push(relier)
        let rate = Double(tasks) / (Double(Monotonic.now() - start) / 1e9)

        Tally.shared.reset()
        let ran = try await InProcessWorker.run(on: engine) {
            let ran = try await Tally.shared.wait(for: tasks + 1)
            try await Audit.awaitEnd(of: ran, engine: engine)
            return ran
        }
        let audit = try await Audit.check(pushed: tasks + 1, ran: ran, engine: engine)
        try await engine.close()
        return Round(rate: rate, latencies: latencies, tasks: tasks, audit: audit)
    }

    /// How many tasks were pushed, and the time of each call.
    private func push(_ relier: Relier) async throws -> (Int, Latencies) {
        switch bench {
        case .pushOne:
            let count = scale.count(500, quick: 50)
            return (count, try await Self.call(count) { _ = try await relier.push(NoOp()) })
        case .pushBatch:
            let count = scale.count(30, quick: 3)
            let batch = Array(repeating: NoOp(), count: 1000)
            return (count * batch.count, try await Self.call(count) { _ = try await relier.push(contentsOf: batch) })
        default:
            let each = scale.count(100, quick: 10)
            let latencies = try await withThrowingTaskGroup(of: Latencies.self) { group in
                for _ in 0..<50 { group.addTask { try await Self.call(each) { _ = try await relier.push(NoOp()) } } }
                return try await group.reduce(into: Latencies()) { $0.add($1) }
            }
            return (50 * each, latencies)
        }
    }

    private static func call(_ count: Int, _ body: () async throws -> Void) async throws -> Latencies {
        var latencies = Latencies()
        for _ in 0..<count {
            let start = Monotonic.now()
            try await body()
            latencies.add(Monotonic.now() - start)
        }
        return latencies
    }
}
