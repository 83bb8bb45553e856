import CZlib
import Foundation

/// Where saved progress goes: with the task, or as a compressed file in a directory that all workers share.
///
/// A file is written under a temporary name, synced, renamed, and its directory synced, before the engine learns of it. A crash in between leaves a file
/// that no task names; ``sweep(_:)`` removes it once the task is gone.
package struct CheckpointStore: Sendable {
    package let settings: CheckpointSettings

    package init(settings: CheckpointSettings) { self.settings = settings }

    private static let fileSuffix = ".checkpoint"

    /// - Throws: ``CheckpointTooLargeError``; an error of the file system.
    func store(_ data: Data, of task: TaskID, fence: Fence) throws -> Checkpoint {
        switch settings {
        case .inline(let limit):
            if data.count > limit { throw CheckpointTooLargeError(bytes: data.count, limit: limit) }
            return .inline(data)
        case .filesystem(let directory, let inlineBytes):
            if data.count <= inlineBytes { return .inline(data) }
            // A name per save: until the engine accepts it, the one before is the task's, and a worker that lost its task writes beside its successor's.
            // It ends with what tells equal contents, so that an engine sees progress without reading the file.
            let random = String(UInt64.random(in: .min ... .max), radix: 16)
            let name = "\(task)-\(fence.number)-\(random)-\(Hex.text(Checkpoint.identity(of: data)))\(Self.fileSuffix)"
            try DurableFile.write(try Zlib.compress(data), to: name, in: directory)
            return .file(name: name, bytes: data.count)
        }
    }

    /// - Throws: ``CheckpointUnreadable``.
    func load(_ checkpoint: Checkpoint) throws -> Data {
        switch checkpoint {
        case .inline(let data):
            return data
        case .file(let name, let bytes):
            guard case .filesystem(let directory, _) = settings else {
                throw CheckpointUnreadable(path: name, problem: "cannot be found, since this worker keeps checkpoints inline")
            }
            let path = directory + "/" + name
            guard let compressed = FileManager.default.contents(atPath: path) else {
                throw CheckpointUnreadable(path: path, problem: "is missing or not readable")
            }
            guard let data = Zlib.decompress(compressed, count: bytes) else {
                throw CheckpointUnreadable(path: path, problem: "is damaged")
            }
            return data
        }
    }

    /// Removes the file of a checkpoint that no task names any more.
    func remove(_ checkpoint: Checkpoint?) {
        guard case .file(let name, _) = checkpoint, case .filesystem(let directory, _) = settings else { return }
        try? FileManager.default.removeItem(atPath: directory + "/" + name)
    }

    /// Removes every file whose task is gone, or has ended other than in the dead letter queue.
    /// - Returns: how many.
    @discardableResult
    package func sweep(_ engine: any Engine) async throws -> Int {
        guard case .filesystem(let directory, _) = settings else { return 0 }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var files: [TaskID: [String]] = [:]
        for name in names where name.hasSuffix(Self.fileSuffix) || name.hasSuffix(DurableFile.temporarySuffix) {
            if let id = TaskID(String(name.prefix(36))) { files[id, default: []].append(name) }
        }
        var removed = 0
        let ids = Array(files.keys)
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = Array(ids[start..<min(ids.count, start + 500)])
            let known = try await engine.status(of: some)
            for id in some where known[id].map({ $0.state.isEnd && $0.state != .quarantined }) ?? true {
                for name in files[id] ?? [] where (try? FileManager.default.removeItem(atPath: directory + "/" + name)) != nil {
                    removed += 1
                }
            }
        }
        return removed
    }
}

/// Files that are there whole after a crash, or not at all.
enum DurableFile {
    static let temporarySuffix = ".writing"

    static func write(_ data: Data, to name: String, in directory: String) throws {
        let temporary = directory + "/" + name + temporarySuffix
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXFailure("cannot create \(temporary)") }
        do {
            defer { close(descriptor) }
            try data.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = UnsafeRawBufferPointer(rebasing: rest)
                    let written = Foundation.write(descriptor, part.baseAddress, part.count)
                    if written < 0 && errno == EINTR { continue }
                    guard written > 0 else { throw POSIXFailure("cannot write \(temporary)") }
                    rest = rest.dropFirst(written)
                }
            }
            guard fsync(descriptor) == 0 else { throw POSIXFailure("cannot sync \(temporary)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, directory + "/" + name) == 0 else { throw POSIXFailure("cannot rename \(temporary)") }
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw POSIXFailure("cannot open \(directory)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw POSIXFailure("cannot sync \(directory)") }
    }
}

/// A failed system call: what, and why.
package struct POSIXFailure: Error, CustomStringConvertible {
    package let description: String
    package let code: Int32

    package init(_ what: String, code: Int32 = errno) {
        self.code = code
        description = "\(what): \(String(cString: strerror(code)))"
    }
}

/// The system's zlib, in one call each way.
enum Zlib {
    static func compress(_ data: Data) throws -> Data {
        var length = compressBound(UInt(data.count))
        var out = Data(count: Int(length))
        let status = out.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { source in
                compress2(
                    target.bindMemory(to: UInt8.self).baseAddress, &length, source.bindMemory(to: UInt8.self).baseAddress,
                    UInt(data.count), 1)
            }
        }
        guard status == Z_OK else { throw POSIXFailure("cannot compress \(data.count) bytes", code: ENOMEM) }
        return out.prefix(Int(length))
    }

    /// `nil` when the bytes are damaged or do not give exactly `count` bytes.
    static func decompress(_ data: Data, count: Int) -> Data? {
        var length = UInt(count)
        var out = Data(count: count)
        let status = out.withUnsafeMutableBytes { target in
            data.withUnsafeBytes { source in
                uncompress(
                    target.bindMemory(to: UInt8.self).baseAddress, &length, source.bindMemory(to: UInt8.self).baseAddress,
                    UInt(data.count))
            }
        }
        return status == Z_OK && length == UInt(count) ? out : nil
    }
}
