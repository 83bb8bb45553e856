import Relier

/// What a task takes of the server's memory, in each state of its life. Raw is a hash and an entry of a list.
struct BytesBench {
    let redis: RedisBench
    let scale: Scale

    func run() async throws -> [Figure] {
        let tasks = scale.count(10_000, quick: 1_000)
        let raw = try await redis.rawBytes(tasks: tasks)
        let plain = try await measure(tasks) { Array(repeating: NoOp(), count: $0.count) }
        let keyed = try await measure(tasks) { $0.map(IdempotentNoOp.init(number:)) }
        func figure(_ part: String, _ bytes: Double, _ raw: Double? = nil) -> Figure {
            Figure(.bytes, .redis, part: part, ours: bytes, raw: raw, unit: "bytes", tasks: tasks, rounds: 1)
        }
        return [
            figure("queued", plain.queued, raw), figure("in flight", plain.inFlight), figure("finished", plain.finished),
            figure("queued, idempotent", keyed.queued), figure("finished, idempotent", keyed.finished),
        ]
    }

    private func measure<Body: RelierTask>(
        _ tasks: Int, _ make: (Range<Int>) -> [Body]
    ) async throws -> (queued: Double, inFlight: Double, finished: Double) {
        let store = try await redis.site().open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        let registry = try TaskRegistry([NoOp.self, IdempotentNoOp.self])
        var worker = try await LoneWorker(on: store, kinds: registry.kinds)
        // Everything that is there once.
        _ = try await relier.push(contentsOf: make(tasks..<tasks + 1))
        try await worker.commit(try await worker.claim(1))
        let before = try await redis.dataBytes()
        func each() async throws -> Double { Double(try await redis.dataBytes() - before) / Double(tasks) }
        let step = min(500, tasks)
        for first in stride(from: 0, to: tasks, by: step) { try await relier.push(contentsOf: make(first..<first + step)) }
        let queued = try await each()
        var claimed: [ClaimedTask] = []
        for _ in stride(from: 0, to: tasks, by: step) { claimed += try await worker.claim(step) }
        let inFlight = try await each()
        for first in stride(from: 0, to: tasks, by: step) { try await worker.commit(Array(claimed[first..<first + step])) }
        let finished = try await each()
        try await worker.leave()
        try await store.close()
        try await redis.clear()
        return (queued, inFlight, finished)
    }
}
