import Relier

/// Push, claim and commit with a long queue behind them and with a short one ("raw"), in turns: whether what they cost grows with it.
struct GrowthBench {
    let engine: any BenchEngine
    let scale: Scale

    /// Tasks a call.
    private static let group = 256

    func run() async throws -> [Figure] {
        let many = scale.count(1_000_000, quick: 10_000)
        // A server of its own, since the tables of one would be as large for both.
        let twin = try await engine.twin()
        do {
            let figures = try await compare(try await Side(on: twin, queued: 1000), try await Side(on: engine, queued: many), many)
            if twin.name == .redis { await twin.close() }
            return figures
        } catch {
            if twin.name == .redis { await twin.close() }
            throw error
        }
    }

    private func compare(_ short: Side, _ long: Side, _ many: Int) async throws -> [Figure] {
        var (short, long) = (short, long)
        for round in 0..<scale.count(200, quick: 10) {
            if round.isMultiple(of: 2) {
                try await short.step(Self.group)
                try await long.step(Self.group)
            } else {
                try await long.step(Self.group)
                try await short.step(Self.group)
            }
        }
        try await short.close()
        try await long.close()
        return zip(["push", "claim", "commit"], zip(long.times, short.times)).map { part, times in
            func each(_ latencies: Latencies) -> Double { latencies.milliseconds(at: 0.5) * 1000 / Double(Self.group) }
            return Figure(
                .growth, engine.name, part: part, ours: each(times.0), raw: each(times.1), unit: "us/task", tasks: many, rounds: 1)
        }
    }

    /// A queue of a length that stays.
    private struct Side {
        let store: any Engine
        let relier: Relier
        var worker: LoneWorker
        /// Of pushes, claims and commits.
        var times = [Latencies(), Latencies(), Latencies()]

        init(on engine: any BenchEngine, queued: Int) async throws {
            store = try await engine.site().open()
            relier = Relier(store, settings: ClientSettings(logger: .bench))
            worker = try await LoneWorker(on: store, kinds: try TaskRegistry([NoOp.self]).kinds)
            for first in stride(from: 0, to: queued, by: 1000) {
                try await relier.push(contentsOf: Array(repeating: NoOp(), count: min(1000, queued - first)))
            }
        }

        mutating func step(_ group: Int) async throws {
            let batch = Array(repeating: NoOp(), count: group)
            let start = Monotonic.now()
            try await relier.push(contentsOf: batch)
            let pushed = Monotonic.now()
            let claimed = try await worker.claim(group)
            let taken = Monotonic.now()
            try await worker.commit(claimed)
            for (index, time) in [pushed - start, taken - pushed, Monotonic.now() - taken].enumerated() { times[index].add(time) }
        }

        func close() async throws {
            try await worker.leave()
            try await store.close()
        }
    }
}
