import ArgumentParser
import Foundation

/// Measures what Relier costs beside the bare engine, in one run on one machine.
@main
struct RelierBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relier-bench",
        abstract: "Throughput and latency on SQLite and Redis, each beside the bare engine measured in the same run.",
        subcommands: [Run.self, Produce.self, Work.self, WorkSupervised.self],
        defaultSubcommand: Run.self)
}

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the benches (default).")

    @Flag(help: "One JSON object a line instead of the table.")
    var json = false

    @Flag(help: "The table as Markdown, for docs/benchmarks.md.")
    var markdown = false

    @Flag(help: "Small counts and one round: shows that it works, not how fast it is.")
    var quick = false

    @Option(help: "sqlite, redis or all. Redis takes a server of its own, which redis-server has to be installed for.")
    var engine = Engines.all

    @Option(help: "Only these benches, separated by commas: \(Bench.allCases.map(\.rawValue).joined(separator: ", ")).")
    var only: String?

    @Option(help: "Rounds of each bench, of which the median counts; 1 to 99.")
    var rounds: Int?

    @Option(help: "Directory for the databases, removed afterwards. The disk below it decides most figures.")
    var directory: String?

    enum Engines: String, ExpressibleByArgument { case sqlite, redis, all }

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
        var printer = FigurePrinter(json ? .json : markdown ? .markdown : .table)
        if engine != .redis { try await measure(SQLiteBench(scratch: scratch), scale, scratch, &printer) }
        if engine != .sqlite {
            if RedisServer.isInstalled {
                try await measure(try await RedisBench.start(scratch), scale, scratch, &printer)
            } else if engine == .redis {
                throw BenchFailure(RedisServer.missing)
            } else {
                Progress.say(RedisServer.missing)
            }
        }
        printer.finish()
    }

    private func measure(_ engine: any BenchEngine, _ scale: Scale, _ scratch: Scratch, _ printer: inout FigurePrinter) async throws {
        do {
            for bench in try chosen() where bench.engines.contains(engine.name) {
                Progress.say("\(engine.name.rawValue) \(bench.rawValue) …")
                for figure in try await bench.measure(engine, scale, scratch) { printer.add(figure) }
                try await engine.clear()
            }
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
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
