import ArgumentParser
import Relier

struct AdmissionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admission", abstract: "See whether new tasks are let in.", subcommands: [AdmissionStatusCommand.self])
}

struct AdmissionStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show whether pushes are admitted, and how full the window is.",
        discussion: """
            Judged by the settings of this place (RELIER_ADMISSION_…), and in an open window by the limit of the last push in it.
            """)

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = try await engine.withEngine(for: .looking) { engine, settings in
            AdmissionReport(try await engine.admission(), settings.admission)
        }
        if output.json { return try JSONOutput.write(report.json) }
        Console.out(report.text)
    }
}

/// What the engine counted beside what the settings allow.
struct AdmissionReport {
    let status: AdmissionStatus
    let policy: AdmissionPolicy?

    init(_ status: AdmissionStatus, _ policy: AdmissionPolicy?) {
        self.status = status
        self.policy = policy
    }

    private var limit: Int? { status.window?.limit ?? policy?.limit }
    private var length: Duration? { status.window?.length ?? policy?.window }

    /// What keeps new tasks out; empty when nothing does.
    var reasons: [AdmissionRejection.Cause] {
        var reasons: [AdmissionRejection.Cause] = []
        if let window = status.window, window.admitted >= window.limit { reasons.append(.window) }
        if let bound = policy?.maxBacklog, status.backlog >= bound { reasons.append(.backlog) }
        if let bound = policy?.maxAge, let age = status.oldestAge, age > bound { reasons.append(.age) }
        return reasons
    }

    var state: String { reasons.isEmpty ? "ALLOWING" : "SHEDDING" }

    var text: String {
        var facts = [("state", reasons.isEmpty ? state : "\(state) (\(reasons.map(\.description).joined(separator: ", ")))")]
        if let limit, let length {
            let left = status.window.map { "\(seconds($0.left)) left" } ?? "none open"
            facts.append(("window", "\(status.window?.admitted ?? 0) of \(limit) tasks in \(DurationText.write(length)), \(left)"))
        } else {
            facts.append(("window", "no limit"))
        }
        facts.append(("backlog", "\(status.backlog) waiting, \(policy?.maxBacklog.map { "bound \($0)" } ?? "no bound")"))
        let age = status.oldestAge.map(seconds) ?? "none"
        facts.append(("oldest", "\(age), \(policy?.maxAge.map { "bound \(DurationText.write($0))" } ?? "no bound")"))
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { $0.0.padding(to: width) + "  " + $0.1 }.joined(separator: "\n")
    }

    var json: JSONValue {
        func seconds(_ duration: Duration?) -> JSONValue { duration.map { .number($0.inSeconds) } ?? .null }
        return .object([
            "state": .of(state), "reasons": .array(reasons.map { .of($0.description) }),
            "count": .integer(Int64(status.window?.admitted ?? 0)), "limit": .of(limit), "window_seconds": seconds(length),
            "left_seconds": seconds(status.window?.left), "backlog": .integer(Int64(status.backlog)),
            "max_backlog": .of(policy?.maxBacklog),
            "oldest_age_seconds": seconds(status.oldestAge), "max_age_seconds": seconds(policy?.maxAge),
        ])
    }

    private func seconds(_ duration: Duration) -> String { "\((duration.inSeconds * 10).rounded(.up) / 10) s" }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
