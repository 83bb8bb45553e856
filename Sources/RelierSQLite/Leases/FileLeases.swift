import Foundation
import Relier
import Synchronization

/// Leases as files beside the database, one an incarnation, locked by its process for its life: the kernel frees the lock the moment the process
/// is gone, whatever it had started.
///
/// Layout, 96 bytes: `RLRL`, version, lease counter (8 bytes at 8), process id (4 at 16), stuck bodies (4 at 20), length of the boot id (1 at 31),
/// boot id (64 at 32).
final class FileLeases: LeaseBook {
    private static let magic: [UInt8] = Array("RLRL".utf8) + [1, 0, 0, 0]
    private static let size = 96

    let directory: RuntimeDirectory
    private let boot: String

    init(in directory: RuntimeDirectory, boot: String) {
        self.directory = directory
        self.boot = boot
    }

    private func path(_ incarnation: Incarnation) -> String { directory.path("\(incarnation).lease") }

    func open(_ incarnation: Incarnation) throws(EngineError) -> any Lease {
        var content = [UInt8](repeating: 0, count: Self.size)
        content.replaceSubrange(0..<8, with: Self.magic)
        content[8] = 1
        withUnsafeBytes(of: getpid()) { content.replaceSubrange(16..<20, with: $0) }
        let bytes = Array(boot.utf8.prefix(64))
        content[31] = UInt8(bytes.count)
        content.replaceSubrange(32..<(32 + bytes.count), with: bytes)
        let file = try directory.createLocked("\(incarnation).lease", content: content)
        return FileLease(file, name: path(incarnation))
    }

    func state(of incarnation: Incarnation) -> LeaseState {
        guard let file = LockedFile(existing: path(incarnation)) else { return LeaseState(counter: 0, holderGone: true) }
        let content = file.read(count: Self.size, at: 0)
        guard content.count == Self.size, Array(content[0..<8]) == Self.magic else { return LeaseState(counter: 0, holderGone: true) }
        let counter = content.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
        let stuck = content.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 20, as: UInt32.self) }
        let written = Array(content[32..<min(Self.size, 32 + Int(content[31]))])
        let gone = written != Array(boot.utf8.prefix(64)) || file.isUnlocked()
        return LeaseState(counter: counter, holderGone: gone, stuck: Int(stuck))
    }

    func remove(_ incarnation: Incarnation) { unlink(path(incarnation)) }

    /// Removes the files of dead incarnations that are not joined.
    func sweep(keeping joined: Set<Incarnation>) {
        for name in directory.names(suffix: ".lease") {
            guard let incarnation = Incarnation(String(name.dropLast(".lease".count))), !joined.contains(incarnation),
                let file = LockedFile(existing: directory.path(name)), file.isUnlocked()
            else { continue }
            unlink(directory.path(name))
        }
    }
}

/// A lease whose file this process has locked.
final class FileLease: Lease {
    private struct State {
        var file: LockedFile?
        var counter: UInt64 = 1
        var stuck = 0
    }
    private let state: Mutex<State>
    private let name: String

    init(_ file: LockedFile, name: String) {
        state = Mutex(State(file: file))
        self.name = name
    }

    func advance(stuck: Int) throws(EngineError) {
        let written = state.withLock { state -> Bool in
            guard let file = state.file else { return false }
            if state.stuck != stuck, withUnsafeBytes(of: UInt32(clamping: stuck), { file.write($0, at: 20) }) { state.stuck = stuck }
            let written = withUnsafeBytes(of: state.counter + 1) { file.write($0, at: 8) }
            if written { state.counter += 1 }
            return written
        }
        if !written { throw EngineError(.unavailable, "the lease file \(name) cannot be written; the lease was not renewed") }
    }

    func end() { state.withLock { $0.file = nil } }

    var isOver: Bool { state.withLock { $0.file == nil } }
}
