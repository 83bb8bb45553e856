import Relier

/// How fast tasks are accepted: one after another, fifty callers at once, batches of a thousand.
///
/// Raw is a push alone, one a transaction or call, or in groups beside the batches. One after another on Redis it is a SET over the same client, and what is
/// compared is the time.
struct PushBench {
    let bench: Bench
    let engine: any BenchEngine
    let scale: Scale

    private var comparesTime: Bool { bench == .pushOne && engine.name == .redis }
    /// A server takes more in the same time than a disk does.
    private var factor: Int { engine.name == .redis && !scale.quick ? 8 : 1 }

    func run() async throws -> Figure {
        var ours: [Double] = []
        var raw: [Double] = []
        var latencies = Latencies()
        var bare = Latencies()
        var audit = ""
        var tasks = 0
        for _ in 0..<scale.rounds {
            if comparesTime {
                bare.add(try await engine.bareLatencies(scale.count(4000, quick: 50)))
            } else {
                raw.append(try await measureRaw())
            }
            let round = try await measureOurs()
            ours.append(round.rate)
            latencies.add(round.latencies)
            audit = round.audit
            tasks = round.tasks
        }
        var figure =
            comparesTime
            ? Figure(
                bench, engine.name, ours: latencies.milliseconds(at: 0.5), raw: bare.milliseconds(at: 0.5), unit: "ms", tasks: tasks,
                rounds: scale.rounds)
            : Figure(bench, engine.name, ours: ours.median, raw: raw.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.setLatencies(latencies)
        figure.audit = audit
        return figure
    }

    private func measureRaw() async throws -> Double {
        if bench == .pushBatch {
            return try await engine.raw(group: engine.rawGroup, tasks: scale.count(25_600, quick: 2_560) * min(factor, 2)).push
        }
        let tasks = engine.name == .redis ? scale.count(60_000, quick: 3_000) : scale.count(500, quick: 50)
        return try await engine.raw(group: 1, tasks: tasks).push
    }

    private struct Round {
        var rate: Double
        var latencies: Latencies
        var tasks: Int
        var audit: String
    }

    private func measureOurs() async throws -> Round {
        let store = try await engine.site().open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        _ = try await relier.push(NoOp())
        let start = Monotonic.now()
        let (tasks, latencies) = try await push(relier)
        let rate = Double(tasks) / (Double(Monotonic.now() - start) / 1e9)

        Tally.shared.reset()
        let ran = try await InProcessWorker.run(on: store) {
            let ran = try await Tally.shared.wait(for: tasks + 1)
            try await Audit.awaitEnd(of: ran, engine: store)
            return ran
        }
        let audit = try await Audit.check(pushed: tasks + 1, ran: ran, engine: store)
        try await store.close()
        try await engine.clear()
        return Round(rate: rate, latencies: latencies, tasks: tasks, audit: audit)
    }

    /// How many tasks were pushed, and the time of each call.
    private func push(_ relier: Relier) async throws -> (Int, Latencies) {
        switch bench {
        case .pushOne:
            let count = scale.count(500, quick: 50) * factor
            return (count, try await Self.call(count) { _ = try await relier.push(NoOp()) })
        case .pushBatch:
            let count = scale.count(30, quick: 3) * min(factor, 2)
            let batch = Array(repeating: NoOp(), count: 1000)
            return (count * batch.count, try await Self.call(count) { _ = try await relier.push(contentsOf: batch) })
        default:
            let each = scale.count(100, quick: 10) * factor
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
