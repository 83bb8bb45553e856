import ArgumentParser
import Foundation
import Relier
import RelierSQLite

/// Tasks a second from the first push to the last commit: a producer process that pushes live in batches, one worker process.
///
/// Raw is a task's life in groups of 256: insert, then claim and commit, one after the other in one process.
struct EndToEndBench {
    let bench: Bench
    let durability: SQLiteOptions.Durability
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        let tasks = scale.count(40_960, quick: 2_560)
        var ours: [Double] = []
        var raw: [Double] = []
        var audit = ""
        for _ in 0..<scale.rounds {
            let sqlite = RawSQLite(path: try scratch.database(), durability: durability)
            raw.append(try sqlite.measure(group: Produce.batch, tasks: tasks).life)
            let round = try await measureOurs(tasks)
            ours.append(round.rate)
            audit = round.audit
        }
        var figure = Figure(bench, ours: ours.median, raw: raw.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.audit = audit
        return figure
    }

    func measureOurs(_ tasks: Int, kind: Produce.Kind = .plain) async throws -> (rate: Double, audit: String) {
        let path = try scratch.database()
        let engine = try SQLiteEngine(path: path, options: SQLiteOptions(durability: durability, logger: .bench))
        Tally.shared.reset()
        let arguments = ["produce", "--path", path, "--durability", durability.rawValue, "--tasks", "\(tasks)", "--kind", kind.rawValue]
        let (ran, end) = try await InProcessWorker.run(on: engine, client: kind.client) {
            async let produced: Void = Child.run(arguments)
            async let ran = Tally.shared.wait(for: tasks)
            try await produced
            let ids = try await ran
            try await Audit.awaitEnd(of: ids, engine: engine)
            return (ids, Monotonic.now())
        }
        let audit = try await Audit.check(pushed: tasks, ran: ran, engine: engine)
        try await engine.close()
        let start = try Produce.start(of: path)
        return (Double(tasks) / (Double(end - start) / 1e9), audit)
    }
}

/// The producer of ``EndToEndBench``, a process of its own.
struct Produce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    /// Tasks a push.
    static let batch = 256
    /// Pushes under way at once, so that the next one is ready when a transaction ends.
    static let callers = 2

    /// Which tasks it pushes.
    enum Kind: String, ExpressibleByArgument {
        case plain, free, limited, idempotent, signed

        /// How its producer pushes, and what its worker accepts.
        var client: ClientSettings {
            get throws {
                guard self == .signed else { return ClientSettings(logger: .bench) }
                let key = try SigningKey(parsing: "bench:no secret since it stands here")
                return ClientSettings(signing: try SigningKeys(current: key), logger: .bench)
            }
        }
    }

    @Option var path: String
    @Option var durability: String
    @Option var tasks: Int
    @Option var kind: Kind = .plain

    func run() async throws {
        let durability = SQLiteOptions.Durability(rawValue: durability) ?? .durable
        let engine = try SQLiteEngine(path: path, options: SQLiteOptions(durability: durability, logger: .bench))
        let relier = Relier(engine, settings: try kind.client)
        let start = Monotonic.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callers {
                group.addTask {
                    var left = tasks / Self.callers + (caller < tasks % Self.callers ? 1 : 0)
                    while left > 0 {
                        let some = min(left, Self.batch)
                        try await Self.push(some, of: kind, from: left - some + caller * tasks, to: relier)
                        left -= some
                    }
                }
            }
            try await group.waitForAll()
        }
        try await engine.close()
        try Data("\(start)".utf8).write(to: Self.note(path))
    }

    private static func push(_ count: Int, of kind: Kind, from number: Int, to relier: Relier) async throws {
        switch kind {
        case .plain: try await relier.push(contentsOf: Array(repeating: NoOp(), count: count))
        case .free, .signed: try await relier.push(contentsOf: (0..<count).map { FreeNoOp(number: number + $0) })
        case .limited: try await relier.push(contentsOf: (0..<count).map { LimitedNoOp(number: number + $0) })
        case .idempotent: try await relier.push(contentsOf: (0..<count).map { IdempotentNoOp(number: number + $0) })
        }
    }

    private static func note(_ path: String) -> URL { URL(fileURLWithPath: path + ".started") }

    /// When the first push of a producer that has ended began.
    static func start(of path: String) throws -> Int64 {
        guard let start = Int64(try String(contentsOf: note(path), encoding: .utf8)) else {
            throw BenchFailure("the producer left no time of its start")
        }
        return start
    }
}
