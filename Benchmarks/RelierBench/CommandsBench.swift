import Relier

/// Calls of clients to Redis for each task, whole life: pushed, claimed, committed, with the worker's leases and looks for work. What scripts call is not counted.
struct CommandsBench {
    let redis: RedisBench
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> [Figure] { [try await idle(), try await busy()] }

    /// One task after another, with the worker at rest in between.
    private func idle() async throws -> Figure {
        let tasks = scale.count(300, quick: 20)
        let store = try await redis.site().open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        Tally.shared.reset()
        let (ran, calls) = try await InProcessWorker.run(on: store) {
            _ = try await relier.push(NoOp())
            _ = try await Tally.shared.wait(for: 1)
            let before = try await redis.clientCalls()
            for number in 1...tasks {
                _ = try await relier.push(NoOp())
                _ = try await Tally.shared.wait(for: number + 1)
                try await Task.sleep(for: .microseconds(Int.random(in: 5_000...15_000)))
            }
            let calls = try await redis.clientCalls() - before
            let ran = Tally.shared.ids
            try await Audit.awaitEnd(of: ran, engine: store)
            return (ran, calls)
        }
        let audit = try await Audit.check(pushed: tasks + 1, ran: ran, engine: store)
        try await store.close()
        try await redis.clear()
        return figure("idle", calls, tasks, audit)
    }

    /// The run of ``EndToEndBench``, its audit's calls among those that are counted.
    private func busy() async throws -> Figure {
        let tasks = scale.count(40_960, quick: 2_560)
        let before = try await redis.clientCalls()
        let round = try await EndToEndBench(bench: .commands, engine: redis, scale: scale, scratch: scratch).measureOurs(tasks)
        return figure("under load", try await redis.clientCalls() - before, tasks, round.audit)
    }

    private func figure(_ part: String, _ calls: Int, _ tasks: Int, _ audit: String) -> Figure {
        var figure = Figure(
            .commands, .redis, part: part, ours: Double(calls) / Double(tasks), raw: nil, unit: "calls/task", tasks: tasks, rounds: 1)
        figure.audit = audit
        return figure
    }
}
