import ArgumentParser
import Relier

struct WorkerStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "List the live workers.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let workers = try await engine.withEngine(for: .looking) { engine, _ in try await LiveWorkers.of(engine) }
        if output.json { return try JSONOutput.write(.object(["workers": .array(workers.map(\.json))])) }
        if workers.isEmpty { return Console.out("no live worker") }
        var table = TextTable(
            "WORKER", "NAME", "HOST", "PID", "RUNNING", "STUCK", "SLOTS", "QUEUES", "TASKS", "SINCE", "ORDER",
            rightAligned: [3, 4, 5, 6])
        for worker in workers {
            let info = worker.info
            let stuck = ColouredCell(text: String(worker.stuck), colour: worker.stuck > 0 ? "31" : nil)
            table.add(
                info.incarnation.description, info.name + (info.isolated ? " (one suspect)" : ""), info.host, String(info.pid),
                String(worker.running), stuck, String(info.concurrency),
                info.queues.map(\.name).joined(separator: ","), String(info.kinds.count), worker.joinedAt.readable,
                worker.order?.rawValue)
        }
        Console.out(table.text)
    }
}

/// The workers that the engine does not know to be gone.
enum LiveWorkers {
    static func of(_ engine: any Engine) async throws -> [WorkerSummary] {
        let gone = Set(try await engine.leases().filter(\.holderGone).map(\.incarnation))
        return try await engine.workers().filter { !gone.contains($0.info.incarnation) }
    }

    /// The worker that a person means: by its id, the beginning of its id that no other has, its process id, or its label.
    static func named(_ text: String, in engine: any Engine) async throws -> WorkerSummary {
        let live = try await of(engine)
        let exact = live.filter {
            $0.info.incarnation.description == text.lowercased() || String($0.info.pid) == text || $0.info.name == text
        }
        let found = exact.isEmpty ? live.filter { text.count >= 4 && $0.info.incarnation.description.hasPrefix(text.lowercased()) } : exact
        switch found.count {
        case 1: return found[0]
        case 0: throw CommandError("no live worker is '\(text)' at \(engine.location); 'worker status' lists them")
        default:
            throw CommandError(
                "'\(text)' fits \(found.count) workers; give one's id: \(found.map(\.info.incarnation.description).joined(separator: ", "))"
            )
        }
    }
}
