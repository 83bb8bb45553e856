import ArgumentParser
import Relier

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the engine, the workers, and whether what waits can be run.",
        discussion: "Exit status 1 if something has failed; warnings do not count.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings: [HealthFinding]
        do {
            findings = try await engine.withEngine(for: .looking) { engine, _ in
                try await engine.health() + (try await Waiting.findings(engine))
            }
        } catch let error as SettingsError {
            throw error
        } catch {
            findings = [HealthFinding("engine", .failure, "\(error)")]
        }
        let isHealthy = !findings.contains { $0.level == .failure }
        if output.json {
            try JSONOutput.write(.object(["healthy": .bool(isHealthy), "findings": .array(findings.map(\.json))]))
        } else {
            let width = findings.map(\.name.count).max() ?? 0
            for finding in findings {
                let colour = [.ok: "32", .warning: "33", .failure: "31"][finding.level] ?? "0"
                let level = finding.level.rawValue + String(repeating: " ", count: 7 - finding.level.rawValue.count)
                let name = finding.name + String(repeating: " ", count: width - finding.name.count)
                Console.out("\(Console.coloured(level, colour))  \(name)  \(Console.safe(Console.oneLine(finding.detail)))")
            }
        }
        if !isHealthy {
            let failures = findings.count { $0.level == .failure }
            throw CommandError("\(failures) of \(findings.count) checks failed")
        }
    }
}

/// Whether the live workers can run what waits.
enum Waiting {
    /// How many waiting tasks are looked at, so that a long queue does not make a long check.
    static let sample = 1000

    static func findings(_ engine: any Engine) async throws -> [HealthFinding] {
        let workers = try await LiveWorkers.of(engine)
        let queues = try await engine.queues()
        let queued = try await engine.tasks(TaskQuery(state: .queued, limit: sample)).items
        let parked = try await engine.tasks(TaskQuery(state: .parked, limit: sample)).items
        return findings(workers: workers, queues: queues, waiting: queued + parked)
    }

    static func findings(workers: [WorkerSummary], queues: [QueueSummary], waiting: [TaskSummary]) -> [HealthFinding] {
        let pool = workers.filter { !$0.info.isolated }
        let stranded = queues.filter { queue in
            queue.queued + queue.recovered > 0 && !pool.contains { $0.info.queues.contains(queue.queue) }
        }
        let backlog = queues.reduce(0) { $0 + $1.queued + $1.recovered }
        if pool.isEmpty {
            let detail = backlog == 0 ? "no live worker; nothing waits" : "no live worker, and \(backlog) tasks wait; start one: 'worker'"
            return [HealthFinding("workers", backlog == 0 ? .ok : .warning, detail)]
        }
        var findings = [
            HealthFinding("workers", .ok, "\(pool.count) live, \(pool.reduce(0) { $0 + $1.running }) tasks running, \(backlog) wait")
        ]
        for queue in stranded {
            findings.append(
                HealthFinding(
                    "queue", .warning,
                    "\(queue.queued + queue.recovered) tasks wait in '\(queue.queue.name)', which no live worker serves; start one with --queues \(queue.queue.name)"
                ))
        }
        return findings + paused(queues) + unknown(pool, waiting)
    }

    private static func paused(_ queues: [QueueSummary]) -> [HealthFinding] {
        queues.compactMap { queue in
            queue.pausedAt.map { since in
                HealthFinding(
                    "queue", .warning,
                    "'\(queue.queue.name)' is paused since \(since.readable), \(queue.queued + queue.recovered) tasks wait in it; 'queue resume \(queue.queue.name)' ends that"
                )
            }
        }
    }

    /// A finding for each name and version that nobody alive runs.
    private static func unknown(_ pool: [WorkerSummary], _ waiting: [TaskSummary]) -> [HealthFinding] {
        var versions: [String: Int] = [:]
        for kind in pool.flatMap(\.info.kinds) { versions[kind.name] = max(kind.version, versions[kind.name] ?? 0) }
        let counts = Dictionary(grouping: waiting) { Kind(name: $0.name, version: $0.version) }.mapValues(\.count)
        return counts.filter { kind, _ in kind.version > versions[kind.name] ?? 0 }
            .sorted { ($0.key.name, $0.key.version) < ($1.key.name, $1.key.version) }
            .map { kind, count in
                let many = count >= sample ? "\(count) or more" : "\(count)"
                let why =
                    versions[kind.name].map { "the live workers run versions up to \($0)" }
                    ?? "no live worker knows that name\(NearestName.of(kind.name, among: versions.keys).map { " (the nearest is '\($0)')" } ?? "")"
                return HealthFinding(
                    "tasks", .warning,
                    "\(many) of '\(kind.name)' version \(kind.version) wait: \(why); they stay until a worker registers it")
            }
    }

    private struct Kind: Hashable {
        let name: String
        let version: Int
    }
}
