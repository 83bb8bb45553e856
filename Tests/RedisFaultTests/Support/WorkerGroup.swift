import Foundation
import RelierTesting
import Testing

/// A supervisor and its worker processes, as their own program starts them. They end with this process, whatever becomes of it.
final class WorkerGroup: Sendable {
    private let keeper: ServerKeeper
    private let directory: String
    private let pid: Int32

    init(arguments: [String], environment: [String: String]) throws {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("relier-fixture")
            .path
        try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
        directory = NSTemporaryDirectory() + "relier-workers-\(UUID().uuidString.prefix(13))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        keeper = try ServerKeeper(
            [program, "worker", "--grace=5", "--log-level=info"] + arguments, directory: directory, environment: environment)
        pid = try keeper.start()
    }

    /// What supervisor and workers have logged.
    var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// How many lines of the log hold this.
    func count(_ text: String) -> Int { log.split(separator: "\n").count { $0.contains(text) } }

    /// Asks it to drain and waits for its end.
    /// - Returns: its exit status.
    func drain() -> Int32 {
        Foundation.kill(pid, SIGTERM)
        return keeper.awaitEnd()
    }

    /// Kills the supervisor; its workers drain, since their orders have ended.
    func kill() { keeper.end() }
}
