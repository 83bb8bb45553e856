import Foundation

/// One line of the result.
struct Figure: Encodable {
    var bench: String
    var engine: String
    /// Which of several figures of the bench.
    var part: String?
    /// A rate for `tasks/s`, the median latency for `ms`.
    var ours: Double
    /// The bare engine doing the same transitions in the same run; `nil` where there is no such thing.
    var raw: Double?
    /// Ours over raw: of a rate, more is better; of a latency, less.
    var ratio: Double?
    var unit: String
    /// How many tasks a round took.
    var tasks: Int
    var rounds: Int
    var p50Milliseconds: Double?
    var p99Milliseconds: Double?
    var maxMilliseconds: Double?
    /// What the audit after each round found; a failed audit ends the run instead.
    var audit: String?
    /// Processor time of the worker's process for each task.
    var workerMicroseconds: Double?

    enum CodingKeys: String, CodingKey {
        case bench, engine, part, ours, raw, ratio, unit, tasks, rounds, audit
        case p50Milliseconds = "p50_ms"
        case p99Milliseconds = "p99_ms"
        case maxMilliseconds = "max_ms"
        case workerMicroseconds = "worker_cpu_us"
    }

    init(
        _ bench: Bench, _ engine: EngineName, part: String? = nil, ours: Double, raw: Double?, unit: String, tasks: Int, rounds: Int
    ) {
        self.bench = bench.rawValue
        self.engine = engine.rawValue
        self.part = part
        self.ours = Self.rounded(ours)
        self.raw = raw.map(Self.rounded)
        ratio = raw.map { Self.rounded(ours / $0) }
        self.unit = unit
        self.tasks = tasks
        self.rounds = rounds
    }

    /// `raw` and `ratio` are there always, as `null` where there is nothing to compare with.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(bench, forKey: .bench)
        try container.encode(engine, forKey: .engine)
        try container.encodeIfPresent(part, forKey: .part)
        try container.encode(ours, forKey: .ours)
        try container.encode(raw, forKey: .raw)
        try container.encode(ratio, forKey: .ratio)
        try container.encode(unit, forKey: .unit)
        try container.encode(tasks, forKey: .tasks)
        try container.encode(rounds, forKey: .rounds)
        try container.encodeIfPresent(p50Milliseconds, forKey: .p50Milliseconds)
        try container.encodeIfPresent(p99Milliseconds, forKey: .p99Milliseconds)
        try container.encodeIfPresent(maxMilliseconds, forKey: .maxMilliseconds)
        try container.encodeIfPresent(workerMicroseconds, forKey: .workerMicroseconds)
        try container.encodeIfPresent(audit, forKey: .audit)
    }

    mutating func setWorker(_ cpu: [Double]) { workerMicroseconds = Self.rounded(cpu.median) }

    mutating func setLatencies(_ latencies: Latencies) {
        p50Milliseconds = Self.rounded(latencies.milliseconds(at: 0.5))
        p99Milliseconds = Self.rounded(latencies.milliseconds(at: 0.99))
        maxMilliseconds = Self.rounded(latencies.milliseconds(at: 1))
    }

    /// Three decimals for small numbers, none for large ones.
    private static func rounded(_ value: Double) -> Double {
        abs(value) >= 1000 ? value.rounded() : (value * 1000).rounded() / 1000
    }
}

/// Durations, exact: kept one by one and sorted.
struct Latencies {
    private var nanoseconds: [Int64] = []

    mutating func add(_ value: Int64) { nanoseconds.append(value) }
    mutating func add(_ other: Latencies) { nanoseconds += other.nanoseconds }

    /// The latency that a share of `quantile` (0 to 1) does not exceed; 0 when there is none.
    func milliseconds(at quantile: Double) -> Double {
        let sorted = nanoseconds.sorted()
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((quantile * Double(sorted.count)).rounded(.up))
        return Double(sorted[min(sorted.count, max(1, rank)) - 1]) / 1e6
    }
}

/// Prints figures as they come (JSON) or together at the end (tables).
struct FigurePrinter {
    enum Style { case table, markdown, json }

    let style: Style
    private var figures: [Figure] = []

    init(_ style: Style) { self.style = style }

    mutating func add(_ figure: Figure) {
        figures.append(figure)
        guard style == .json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(figure) else { return }
        FileHandle.standardOutput.write(line + Data("\n".utf8))
    }

    func finish() {
        if style == .json { return }
        var rows = [["bench", "engine", "ours", "raw", "ours/raw", "unit", "p50 ms", "p99 ms", "max ms", "worker us", "tasks", "audit"]]
        for figure in figures {
            rows.append([
                [figure.bench, figure.part].compactMap(\.self).joined(separator: " "), figure.engine, Self.text(figure.ours),
                Self.text(figure.raw), Self.text(figure.ratio), figure.unit,
                Self.text(figure.p50Milliseconds), Self.text(figure.p99Milliseconds), Self.text(figure.maxMilliseconds),
                Self.text(figure.workerMicroseconds), "\(figure.rounds) x \(figure.tasks)", figure.audit ?? "-",
            ])
        }
        if style == .markdown {
            rows.insert(Array(repeating: "---", count: rows[0].count), at: 1)
            for row in rows { print("| \(row.map { $0 == "-" ? "" : $0 }.joined(separator: " | ")) |") }
            return
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            print(cells.joined(separator: "  "))
        }
    }

    private static func text(_ value: Double?) -> String {
        guard let value else { return "-" }
        return abs(value) >= 1000 ? String(Int(value)) : String(format: "%.2f", value)
    }
}
