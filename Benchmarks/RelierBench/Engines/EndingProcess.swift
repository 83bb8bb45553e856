import Foundation

/// A program that ends with this one, however this one ends, and whose directory goes with it.
///
/// A shell keeps it: it waits for the end of a pipe, which the kernel closes when this process is gone, and kills it. A gentler signal may be blocked: a
/// program inherits that from the thread that starts it.
final class EndingProcess: Sendable {
    private static let script =
        #"dir=$1; shift; "$@" >/dev/null 2>&1 </dev/null & child=$!; trap "" INT TERM HUP; cat >/dev/null; kill -9 $child; wait $child; rm -rf "$dir""#

    private let pipe = Pipe()
    private let ended: AsyncStream<Void>

    init(_ program: String, _ arguments: [String], removing directory: URL) throws {
        // Nobody else may keep the pipe open.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", directory.path, program] + arguments
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        self.ended = ended
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        try pipe.fileHandleForReading.close()
    }

    func end() async {
        try? pipe.fileHandleForWriting.close()
        for await _ in ended {}
    }
}

/// Other programs.
enum Tool {
    /// Where the program of that name is.
    static func path(_ name: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs it to its end and gives what it wrote to standard output.
    static func output(_ name: String, _ arguments: [String]) async throws -> String {
        guard let path = path(name) else { throw BenchFailure("\(name) is not installed") }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        // Short, so that it fits in the pipe.
        for await _ in ended {}
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        guard process.terminationStatus == 0 else { throw BenchFailure("\(name) ended with status \(process.terminationStatus)") }
        return text
    }
}
