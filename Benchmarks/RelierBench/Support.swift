import Foundation
import Synchronization

/// A figure that cannot be given, and why, in one line.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The kernel's monotonic clock, the same in all processes of the machine.
enum Monotonic {
    /// Nanoseconds since some point in the past.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Processor time.
enum ProcessorTime {
    /// Nanoseconds that all threads of this process have used.
    static func used() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds of another process that runs, in steps of a hundredth of a second.
    static func used(by pid: Int32) throws -> Int64 {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // Behind the name, which may hold anything, come the state and ten numbers, then the ticks in user and in kernel mode.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int64(fields[12]), let system = Int64(fields[13]) else {
            throw BenchFailure("the system does not say how much processor time a process has used")
        }
        return (user + system) * 1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// A directory of this run, with one directory below it for each database.
final class Scratch: Sendable {
    let root: URL
    private let made = Mutex(0)

    /// - Parameter parent: must exist; `nil` takes the system's temporary directory.
    init(below parent: String?) throws {
        let parent = parent.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? FileManager.default.temporaryDirectory
        root = parent.appendingPathComponent("relier-bench-\(UUID().uuidString)", isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false)
        } catch {
            throw BenchFailure("cannot make a directory below \(parent.path); give one that can be written with --directory")
        }
    }

    /// A fresh directory.
    func directory() throws -> URL {
        let number = made.withLock { made in
            made += 1
            return made
        }
        let directory = root.appendingPathComponent("\(number)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        return directory
    }

    /// A fresh path for a database.
    func database() throws -> String { try directory().appendingPathComponent("bench.db").path }

    func remove() { try? FileManager.default.removeItem(at: root) }
}

extension Array where Element == Double {
    /// The middle one; of an even number the mean of the two in the middle. 0 when there is none.
    var median: Double {
        let sorted = self.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

/// This program, started again for another part of a bench.
struct Child {
    static var executable: String {
        get throws { try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") }
    }

    /// Runs it to its end.
    /// - Throws: ``BenchFailure`` for any status but 0.
    static func run(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try executable)
        process.arguments = arguments
        process.standardOutput = FileHandle.standardError
        let status: Int32 = try await withCheckedThrowingContinuation { ended in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        if status != 0 { throw BenchFailure("'relier-bench \(arguments.first ?? "")' ended with status \(status)") }
    }

    /// Runs it beside `body` and ends it with `SIGTERM` afterwards.
    /// - Parameter body: is given the id of the process.
    static func run<Value: Sendable>(_ arguments: [String], beside body: (Int32) async throws -> Value) async throws -> Value {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try executable)
        process.arguments = arguments
        process.standardOutput = FileHandle.standardError
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        let result: Result<Value, any Error>
        do { result = .success(try await body(process.processIdentifier)) } catch { result = .failure(error) }
        process.terminate()
        for await _ in ended {}
        return try result.get()
    }
}
