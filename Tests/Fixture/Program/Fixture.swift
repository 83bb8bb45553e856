import ArgumentParser
import FaultFixtures
import Relier
import RelierCommand

/// The program whose worker processes the fault tests end. Its tasks are a library, since a test cannot count on an executable's module being built first.
@main struct Fixture: RelierApp {
    static let tasks: [any RelierTask.Type] = FixtureTasks.all
    static let commands: [any AsyncParsableCommand.Type] = [FloodCommand.self, LockCommand.self]
}

/// Pushes many tasks at once under the settings' admission policy, as a process of a web server would.
struct FloodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "flood")

    @Option var clients: Int
    @Option var tasks: Int
    @Option var evidence: String
    @Option var gate: String

    func run() async throws {
        let relier = try await Fixture.client(settings: try Settings.load())
        try await Flood.run(relier, clients: clients, tasks: tasks, evidence: evidence, gate: gate)
        try await relier.engine.close()
    }
}

/// Holds the write lock of a database until a file is there, as another program's long transaction would.
struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lock")

    @Option var database: String
    @Option var evidence: String
    @Option var gate: String

    func run() async throws { try await WriteLock.hold(database, evidence: evidence, gate: gate) }
}
