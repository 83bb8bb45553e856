import Foundation

/// A file system of a few MiB in memory that a test fills and frees, as long as the object lives.
package final class SmallDisk: Sendable {
    package let path: String

    /// Whether this user may mount file systems: found out by doing it.
    package static let isAllowed = (try? SmallDisk(mebibytes: 1)) != nil

    package init(mebibytes: Int) throws {
        path = NSTemporaryDirectory() + "relier-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try Self.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path) else {
            try FileManager.default.removeItem(atPath: path)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    private var filler: String { path + "/filler" }

    /// Takes all the room that is left.
    package func fill() throws {
        guard let file = fopen(filler, "w") else { throw CocoaError(.fileWriteUnknown) }
        let block = [UInt8](repeating: 0, count: 512)
        setvbuf(file, nil, _IONBF, 0)
        while fwrite(block, 1, block.count, file) == block.count {}
        fclose(file)
    }

    /// Gives it back.
    package func free() throws { try FileManager.default.removeItem(atPath: filler) }

    deinit {
        _ = try? Self.run("umount", "-l", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ command: String, _ arguments: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command] + arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
