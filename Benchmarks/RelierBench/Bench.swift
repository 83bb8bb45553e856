import RelierSQLite

/// What can be measured, in the order in which it is.
enum Bench: String, CaseIterable {
    case pushOne = "push-1"
    case pushFifty = "push-50"
    case pushBatch = "push-batch"
    case startLatency = "start-latency"
    case delayedStart = "delayed-start"
    case drain
    case endToEnd = "end-to-end"
    case endToEndRelaxed = "end-to-end-relaxed"
    case endToEndLimited = "end-to-end-limited"
    case endToEndIdempotent = "end-to-end-idempotent"
    case endToEndSigned = "end-to-end-signed"
    case recovery
    case commands = "commands-per-task"
    case bytes = "bytes-per-task"
    case idle
    case growth

    var engines: [EngineName] {
        switch self {
        case .endToEndRelaxed: [.sqlite]
        case .commands, .bytes: [.redis]
        default: EngineName.allCases
        }
    }

    func measure(_ engine: any BenchEngine, _ scale: Scale, _ scratch: Scratch) async throws -> [Figure] {
        switch self {
        case .pushOne, .pushFifty, .pushBatch: return [try await PushBench(bench: self, engine: engine, scale: scale).run()]
        case .startLatency: return [try await StartLatencyBench(engine: engine, scale: scale).run()]
        case .delayedStart: return [try await DelayedStartBench(engine: engine, scale: scale).run()]
        case .drain: return [try await DrainBench(engine: engine, scale: scale, scratch: scratch).run()]
        case .endToEnd, .endToEndRelaxed:
            let bench = EndToEndBench(
                bench: self, engine: engine, durability: self == .endToEnd ? .durable : .relaxed, scale: scale, scratch: scratch)
            return [try await bench.run()]
        case .endToEndLimited: return [try await cost(.limited, engine, scale, scratch)]
        case .endToEndIdempotent: return [try await cost(.idempotent, engine, scale, scratch)]
        case .endToEndSigned: return [try await cost(.signed, engine, scale, scratch)]
        case .recovery: return [try await RecoveryBench(engine: engine, scale: scale).run()]
        case .idle: return try await IdleBench(engine: engine, scale: scale).run()
        case .growth: return try await GrowthBench(engine: engine, scale: scale).run()
        case .commands, .bytes:
            guard let redis = engine as? RedisBench else { return [] }
            return self == .bytes
                ? try await BytesBench(redis: redis, scale: scale).run()
                : try await CommandsBench(redis: redis, scale: scale, scratch: scratch).run()
        }
    }

    private func cost(_ feature: Produce.Kind, _ engine: any BenchEngine, _ scale: Scale, _ scratch: Scratch) async throws -> Figure {
        try await CostBench(bench: self, engine: engine, feature: feature, scale: scale, scratch: scratch).run()
    }
}
