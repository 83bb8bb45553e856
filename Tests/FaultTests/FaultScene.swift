import Foundation
import Logging
import Relier
import RelierSQLite
import Synchronization
import TestSupport
import Testing

/// A fresh place for tasks, evidence in a directory of its own, and real worker processes on it.
final class FaultScene: Sendable {
    let directory: String
    let place: TestPlace
    let engine: any Engine
    let relier: Relier
    private let spawned = Mutex<[Process]>([])

    /// The file, for tests that only a file can have.
    var database: String { directory + "/relier.db" }
    var sqlite: SQLiteEngine { get throws { try #require(engine as? SQLiteEngine) } }
    var evidence: String { directory + "/evidence" }
    var gate: String { directory + "/gate" }

    /// - Parameter disk: a directory for the database; beside the evidence unless given.
    init(disk: String? = nil) throws {
        directory = NSTemporaryDirectory() + "relier-faults-\(TaskID.next())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        place = TestPlace(in: disk ?? directory)
        engine = try place.engine(logger: Self.logger)
        relier = Relier(engine)
    }

    static let logger: Logger = {
        var logger = Logger(label: "faults")
        logger.logLevel = .critical
        return logger
    }()

    /// The program of this package that the tests start, from beside the test bundle.
    static func program(_ name: String) throws -> String {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(name).path
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is not built")
        return path
    }

    /// Runs `body` with a supervisor of this process over `processes` workers; stops it after.
    func withSupervisor(
        processes: Int = 1, concurrency: Int = 10, lease: String = "5", grace: Int = 5, backtraces: Bool = false,
        _ body: (Crew) async throws -> Void
    ) async throws {
        let crew = Crew()
        let program = try Self.program("relier-fixture")
        let settings = SupervisorSettings(
            processes: processes, executable: program,
            arguments: { process, isolated in
                ["worker-process", "--process", process.description, "--orders-fd", "3"] + (isolated ? ["--isolated"] : [])
                    + [
                        "--concurrency=\(concurrency)", "--lease=\(lease)", "--grace=\(grace)", "--log-level=error",
                    ]
            },
            environment: place.environment,
            gracePeriod: .seconds(grace), backtraces: backtraces, onEvent: { crew.note($0) }, logger: Self.logger)
        let supervisor = Task { [engine] in try await Supervisor(engine: engine, settings: settings).run() }
        do {
            try await body(crew)
        } catch {
            supervisor.cancel()
            try? await supervisor.value
            throw error
        }
        supervisor.cancel()
        try await supervisor.value
    }

    /// Starts the fixture's own command, such as `worker`, as a process of this one.
    ///
    /// - Parameters:
    ///   - log: the path of a file for its standard error; nowhere unless given.
    ///   - output: a name in the scene's directory for what it writes to its standard output and error; nowhere unless given.
    func start(
        _ arguments: [String], executable: String? = nil, environment: [String: String] = [:], log: String? = nil, output: String? = nil
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try executable ?? Self.program("relier-fixture"))
        process.arguments = arguments
        process.environment = surroundings(environment)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let log {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            process.standardError = FileHandle(forWritingAtPath: log)
        }
        if let output {
            let path = "\(directory)/\(output)"
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            process.standardOutput = handle
            process.standardError = handle
        }
        try process.run()
        spawned.withLock { $0.append(process) }
        return process
    }

    /// What a process that was started with an output has written.
    func written(_ output: String) -> String {
        (try? String(contentsOfFile: "\(directory)/\(output)", encoding: .utf8)) ?? ""
    }

    /// Starts one worker process without a supervisor; it drains when this program's end of its input is closed.
    func startWorkerProcess() throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.program("relier-fixture"))
        process.arguments = [
            "worker-process", "--process", TaskID.next().description, "--orders-fd", "0", "--concurrency=8", "--lease=5",
            "--log-level=critical",
        ]
        process.environment = surroundings()
        process.standardInput = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        spawned.withLock { $0.append(process) }
        return process
    }

    /// The environment of this process, and where the tasks are.
    func surroundings(_ more: [String: String] = [:]) -> [String: String] {
        ProcessInfo.processInfo.environment.merging(place.environment) { $1 }.merging(more) { $1 }
    }

    func openGate() { _ = FileManager.default.createFile(atPath: gate, contents: Data()) }

    /// The lines that bodies left, in the order of their writing.
    func lines(_ suffix: String = "") -> [String] {
        guard let text = try? String(contentsOfFile: evidence + suffix, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }

    func state(of id: TaskID) async throws -> TaskState? { try await engine.status(of: [id])[id]?.state }

    func details(of id: TaskID) async throws -> TaskDetails { try #require(try await engine.inspect(id)) }

    func end() async throws {
        for process in spawned.withLock({ $0 }) where process.isRunning {
            kill(process.processIdentifier, SIGCONT)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try await place.remove(engine)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A scene that is cleaned up whatever happens.
    static func run(disk: String? = nil, _ body: (FaultScene) async throws -> Void) async throws {
        let scene = try FaultScene(disk: disk)
        do { try await body(scene) } catch {
            try? await scene.end()
            throw error
        }
        try await scene.end()
    }
}

/// What a supervisor told of its workers.
final class Crew: Sendable {
    struct Dead: Sendable {
        var pid: Int32
        var death: Death
        var released: ReleaseReport
    }

    private struct State {
        var alive: [Int32: Bool] = [:]
        var dead: [Dead] = []
    }

    private let state = Mutex(State())

    func note(_ event: SupervisorEvent) {
        state.withLock { state in
            switch event {
            case .started(_, let pid, let isolated): state.alive[pid] = isolated
            case .died(_, let pid, let death, let released):
                state.alive[pid] = nil
                state.dead.append(Dead(pid: pid, death: death, released: released))
            }
        }
    }

    var dead: [Dead] { state.withLock { $0.dead } }
    /// Ordinary workers, not those for suspects.
    var workers: [Int32] { state.withLock { state in state.alive.filter { !$0.value }.map(\.key) } }
}
