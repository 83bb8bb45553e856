import Foundation

/// Runs a system command; answers whether it succeeded.
private func run(_ command: String, _ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
}

enum Mounts {
    /// Whether this user may mount file systems: found out by doing it.
    static let areAllowed = ((try? TinyDisk(kibibytes: 64)) ?? nil) != nil
}

/// A read-only view of a directory, as long as the object lives. `nil` where this user may not mount.
final class ReadOnlyMount: Sendable {
    let path: String

    init?(of directory: String) throws {
        path = directory + "-readonly"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try run("mount", ["--bind", directory, path]) else {
            try FileManager.default.removeItem(atPath: path)
            return nil
        }
        _ = try run("mount", ["-o", "remount,bind,ro", path])
    }

    deinit {
        _ = try? run("umount", ["-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A file system of a few hundred KiB in memory, as long as the object lives. `nil` where this user may not mount.
final class TinyDisk: Sendable {
    let path: String

    init?(kibibytes: Int) throws {
        path = NSTemporaryDirectory() + "relier-tiny-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try run("mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", path]) else {
            try FileManager.default.removeItem(atPath: path)
            return nil
        }
    }

    deinit {
        _ = try? run("umount", ["-l", path])
        try? FileManager.default.removeItem(atPath: path)
    }
}
