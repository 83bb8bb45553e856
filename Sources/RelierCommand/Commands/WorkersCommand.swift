import ArgumentParser
import Relier

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "workers", abstract: "List the live workers.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let workers = try await engine.withEngine { engine, _ in try await LiveWorkers.of(engine) }
        if output.json { return try JSONOutput.write(.object(["workers": .array(workers.map(\.json))])) }
        if workers.isEmpty { return Console.out("no live worker") }
        var table = TextTable("NAME", "HOST", "PID", "RUNNING", "SLOTS", "QUEUES", "TASKS", "SINCE", rightAligned: [2, 3, 4])
        for worker in workers {
            let info = worker.info
            table.add(
                info.name + (info.isolated ? " (one suspect)" : ""), info.host, String(info.pid), String(worker.running),
                String(info.concurrency), info.queues.map(\.name).joined(separator: ","), String(info.kinds.count),
                worker.joinedAt.readable)
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
}
