import Foundation

/// libfaketime between a server and its clock, told by a file that is read again each second.
enum FakeTime {
    /// The variables that put it there.
    /// - Throws: ``ServerFailure`` where it is not installed.
    static func environment(in directory: String) throws -> [String: String] {
        let folders = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime" } + ["/usr/lib/faketime", "/usr/lib64/faketime"]
        guard let library = folders.map({ $0 + "/libfaketimeMT.so.1" }).first(where: FileManager.default.fileExists) else {
            throw ServerFailure("libfaketime is not installed; 'make test' installs it, or: apt-get install faketime")
        }
        try set(ahead: 0, in: directory)
        return [
            // jemalloc, which Debian's redis-server allocates with, reads the clock while it starts, and libfaketime allocates while it starts: each waits for
            // the other. With the C library's allocator in front of it neither does.
            "LD_PRELOAD": "\(library):libc.so.6", "FAKETIME_TIMESTAMP_FILE": file(directory), "FAKETIME_CACHE_DURATION": "1",
            // What measures durations goes on.
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }

    static func set(ahead seconds: Int, in directory: String) throws {
        try "\(seconds < 0 ? "" : "+")\(seconds)\n".write(toFile: file(directory), atomically: true, encoding: .utf8)
    }

    private static func file(_ directory: String) -> String { directory + "/time" }
}
