import Relier

/// One task for people: its facts, its history, its crash reports.
enum DetailsText {
    static func of(_ task: TaskDetails) throws -> String {
        let summary = task.summary
        var facts: [(String, String?)] = [
            ("id", summary.id.description), ("name", "\(summary.name) (version \(summary.version))"), ("queue", summary.queue.name),
            ("state", summary.state.rawValue), ("waits for", summary.waitsFor), ("reason", task.reason), ("message", task.message),
            ("worker", summary.worker),
            ("attempt", String(summary.attempt)), ("resurrections", String(summary.resurrections)),
            ("enqueued", summary.enqueuedAt.readable), ("due", task.due?.readable), ("key", task.key),
            ("signed by", task.signedBy),
            ("checkpoint", task.checkpointBytes.map { "\($0) bytes" }),
            ("progress", task.progress.map { "\($0.done)" + ($0.total.map { " of \($0)" } ?? "") }),
        ]
        facts.append(("arguments", task.payload.map { JSONOutput.text(of: $0) }))
        facts.append(("result", task.result.map { JSONOutput.text(of: $0) }))
        let width = facts.map(\.0.count).max() ?? 0
        var blocks = [
            facts.compactMap { name, value in
                value.map { name + String(repeating: " ", count: width - name.count) + "  " + Console.safe(Console.oneLine($0)) }
            }.joined(separator: "\n")
        ]
        if !task.history.isEmpty { blocks.append(history(task.history)) }
        var shown: Set<TaskID> = []
        for crash in task.history.compactMap(\.crash) where shown.insert(crash.process).inserted { blocks.append(report(crash)) }
        return blocks.joined(separator: "\n\n")
    }

    private static func history(_ attempts: [AttemptRecord]) -> String {
        var table = TextTable("FENCE", "WORKER", "START", "END", "TOOK", "OUTCOME", "DETAIL", rightAligned: [0, 4])
        for attempt in attempts {
            let detail = [attempt.detail, attempt.recoveredBy].compactMap(\.self).joined(separator: ", ")
            table.add(
                String(attempt.fence), attempt.worker, attempt.start.readable, attempt.end?.readable,
                attempt.end.map { took($0 - attempt.start) }, attempt.outcome, detail.isEmpty ? nil : Console.oneLine(detail))
        }
        return table.text
    }

    private static func took(_ duration: Duration) -> String {
        let milliseconds = (duration.inSeconds * 1000).rounded()
        return milliseconds < 10_000 ? "\(Int(milliseconds)) ms" : "\(Int((milliseconds / 1000).rounded())) s"
    }

    private static func report(_ crash: CrashReport) -> String {
        var lines = [Console.coloured("crash of process \(crash.process): \(crash.death.label)", "31")]
        if !crash.standardError.isEmpty {
            lines.append("last lines of its standard error:\n" + Console.safe(crash.standardError, keepingLines: true))
        }
        if let backtrace = crash.backtrace { lines.append("backtrace:\n" + Console.safe(backtrace, keepingLines: true)) }
        return lines.joined(separator: "\n")
    }
}
