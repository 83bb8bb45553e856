import ArgumentParser
import Foundation
import RelierSQLite

/// Measures what Relier costs beside the bare engine, in one run on one machine.
@main
struct RelierBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relier-bench",
        abstract: "Throughput and latency on SQLite, each beside raw SQLite measured in the same run.",
        subcommands: [Run.self, Produce.self, Work.self, WorkSupervised.self],
        defaultSubcommand: Run.self)
}

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the benches (default).")

    @Flag(help: "One JSON object a line instead of the table.")
    var json = false

    @Flag(help: "Small counts and one round: shows that it works, not how fast it is.")
    var quick = false

    @Option(help: "Only these benches, separated by commas: \(Bench.allCases.map(\.rawValue).joined(separator: ", ")).")
    var only: String?

    @Option(help: "Rounds of each bench, of which the median counts; 1 to 99.")
    var rounds: Int?

    @Option(help: "Directory for the databases, removed afterwards. The disk below it decides most figures.")
    var directory: String?

    func validate() throws {
        if let rounds, !(1...99).contains(rounds) {
            throw ValidationError("--rounds is \(rounds); allowed are 1 to 99")
        }
        _ = try chosen()
    }

    func run() async throws {
        let scale = Scale(quick: quick, rounds: rounds)
        let scratch = try Scratch(below: directory)
        defer { scratch.remove() }
        var printer = FigurePrinter(json: json)
        for bench in try chosen() {
            Progress.say("\(bench.rawValue) …")
            printer.add(try await bench.measure(scale, scratch))
        }
        printer.finish()
    }

    private func chosen() throws -> [Bench] {
        guard let only else { return Bench.allCases }
        return try only.split(separator: ",").map { name in
            guard let bench = Bench(rawValue: String(name)) else {
                throw ValidationError("no bench is called '\(name)'; there are \(Bench.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return bench
        }
    }
}

/// What can be measured, in the order in which it is.
enum Bench: String, CaseIterable {
    case pushOne = "push-1"
    case pushFifty = "push-50"
    case pushBatch = "push-batch"
    case startLatency = "start-latency"
    case delayedStart = "delayed-start"
    case endToEnd = "end-to-end"
    case endToEndRelaxed = "end-to-end-relaxed"
    case endToEndLimited = "end-to-end-limited"
    case endToEndIdempotent = "end-to-end-idempotent"
    case endToEndSigned = "end-to-end-signed"
    case recovery

    func measure(_ scale: Scale, _ scratch: Scratch) async throws -> Figure {
        switch self {
        case .pushOne, .pushFifty, .pushBatch: try await PushBench(bench: self, scale: scale, scratch: scratch).run()
        case .startLatency: try await StartLatencyBench(scale: scale, scratch: scratch).run()
        case .delayedStart: try await DelayedStartBench(scale: scale, scratch: scratch).run()
        case .endToEnd: try await EndToEndBench(bench: self, durability: .durable, scale: scale, scratch: scratch).run()
        case .endToEndRelaxed: try await EndToEndBench(bench: self, durability: .relaxed, scale: scale, scratch: scratch).run()
        case .endToEndLimited: try await CostBench(bench: self, feature: .limited, scale: scale, scratch: scratch).run()
        case .endToEndIdempotent: try await CostBench(bench: self, feature: .idempotent, scale: scale, scratch: scratch).run()
        case .endToEndSigned: try await CostBench(bench: self, feature: .signed, scale: scale, scratch: scratch).run()
        case .recovery: try await RecoveryBench(scale: scale, scratch: scratch).run()
        }
    }
}

/// How much work each bench does.
struct Scale {
    let quick: Bool
    let rounds: Int

    init(quick: Bool, rounds: Int?) {
        self.quick = quick
        self.rounds = rounds ?? (quick ? 1 : 3)
    }

    func count(_ full: Int, quick small: Int) -> Int { quick ? small : full }
}

enum Progress {
    /// A line for whoever waits; standard output holds figures only.
    static func say(_ line: String) {
        FileHandle.standardError.write(Data("bench: \(line)\n".utf8))
    }
}
