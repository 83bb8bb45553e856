import ArgumentParser
import Foundation
import Relier

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

    @Option var site: Site
    @Option var tasks: Int
    @Option var kind: Kind = .plain
    /// Where it notes when its first push began.
    @Option var note: String

    static func arguments(_ site: Site, tasks: Int, kind: Kind, note: String) -> [String] {
        ["produce"] + site.arguments + ["--tasks", "\(tasks)", "--kind", kind.rawValue, "--note", note]
    }

    func run() async throws {
        let engine = try site.open()
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
        try Data("\(start)".utf8).write(to: URL(fileURLWithPath: note))
    }

    private static func push(_ count: Int, of kind: Kind, from number: Int, to relier: Relier) async throws {
        switch kind {
        case .plain: try await relier.push(contentsOf: Array(repeating: NoOp(), count: count))
        case .free, .signed: try await relier.push(contentsOf: (0..<count).map { FreeNoOp(number: number + $0) })
        case .limited: try await relier.push(contentsOf: (0..<count).map { LimitedNoOp(number: number + $0) })
        case .idempotent: try await relier.push(contentsOf: (0..<count).map { IdempotentNoOp(number: number + $0) })
        }
    }

    /// When the first push of a producer that has ended began.
    static func start(noted path: String) throws -> Int64 {
        guard let start = Int64(try String(contentsOfFile: path, encoding: .utf8)) else {
            throw BenchFailure("the producer left no time of its start")
        }
        return start
    }
}
