import ArgumentParser
import Foundation
import Relier

/// `push` of `rl`, which has no tasks: what it knows of them is what live workers publish.
struct OperatorPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Push a task by its name, and print its id.",
        discussion: """
            The arguments are not checked here, and the task's own queue, retries and idempotency are not known: the 'push' of the program \
            that has the task knows them.
            """)

    @OptionGroup var options: PushOptions

    @Option(help: "The queue.")
    var queue = "default"

    @Option(help: "The version of the arguments; the newest that a live worker runs unless given.")
    var version: Int?

    func validate() throws {
        if let version, version < 1 { throw ValidationError("--version is \(version); versions start at 1") }
    }

    func run() async throws {
        let delay = try options.delayed()
        let queue = try PushOptions.queue(queue) ?? .default
        let arguments = try options.arguments()
        guard case .object? = try? CanonicalJSON.decode(JSONValue.self, from: arguments) else {
            throw CommandError.misuse("the arguments of '\(options.name)' are not a JSON object, such as {\"id\": \"INV-1\"}")
        }
        try await options.engine.withEngine(for: .operating) { engine, settings in
            let known = KnownTasks(try await LiveWorkers.of(engine))
            known.warnings(name: options.name, version: version, queue: queue).forEach(Console.warning)
            let relier = Relier(engine, settings: settings.client())
            try await options.run(engine) {
                let receipt = try await relier.push(
                    name: options.name, arguments: arguments, version: version ?? known.versions[options.name] ?? 1, queue: queue,
                    after: delay)
                return (receipt.id, receipt.isDuplicate)
            }
        }
    }
}

/// What the live workers say they can run.
struct KnownTasks {
    /// The newest version of each name.
    let versions: [String: Int]
    private let queues: Set<Queue>
    private let hasWorkers: Bool

    init(_ workers: [WorkerSummary]) {
        let pool = workers.filter { !$0.info.isolated }
        versions = Dictionary(pool.flatMap(\.info.kinds).map { ($0.name, $0.version) }, uniquingKeysWith: max)
        queues = Set(pool.flatMap(\.info.queues))
        hasWorkers = !pool.isEmpty
    }

    /// Why the task would wait; empty when a live worker can take it.
    func warnings(name: String, version: Int?, queue: Queue) -> [String] {
        guard hasWorkers else { return ["no worker is alive; the task waits until one starts that knows '\(name)'"] }
        var warnings: [String] = []
        if let newest = versions[name] {
            if let version, version > newest {
                warnings.append("the live workers run '\(name)' up to version \(newest); the task waits for a newer one")
            }
        } else {
            let hint = NearestName.of(name, among: versions.keys).map { "; did you mean '\($0)'?" } ?? ";"
            warnings.append(
                "no live worker knows '\(name)'\(hint) the task waits for one that does. Known: \(versions.keys.sorted().joined(separator: ", "))"
            )
        }
        if !queues.contains(queue) {
            warnings.append(
                "no live worker serves the queue '\(queue)'; served: \(queues.map(\.name).sorted().joined(separator: ", "))")
        }
        return warnings
    }
}
