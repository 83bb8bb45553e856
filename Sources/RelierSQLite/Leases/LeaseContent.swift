import Foundation

/// What a lease file says. 112 bytes: `RLRL`, version, lease counter (8 bytes at 8), process id (4 at 16), stuck bodies (4 at 20), length of the boot id
/// (1 at 31), boot id (64 at 32), device (8 at 96) and inode (8 at 104) of the database that its process has open.
struct LeaseContent {
    private static let magic: [UInt8] = Array("RLRL".utf8) + [2, 0, 0, 0]
    private static let size = 112
    private static let counterOffset = 8
    private static let stuckOffset = 20

    /// What no holder writes: the counter of a lease whose file is missing.
    static let missingCounter: UInt64 = 0

    /// 1 and more.
    let counter: UInt64
    let process: Int32
    let stuck: UInt32
    let boot: String
    let database: DatabaseFile.Identity?

    /// Of this process.
    init(counter: UInt64, stuck: UInt32, boot: String, database: DatabaseFile.Identity?) {
        self.counter = counter
        self.stuck = stuck
        self.boot = boot
        self.database = database
        process = getpid()
    }

    /// `nil` when the file is too short, or not a lease of this version.
    init?(_ file: LockedFile) {
        let bytes = file.read(count: Self.size, at: 0)
        guard bytes.count == Self.size, Array(bytes[0..<8]) == Self.magic else { return nil }
        counter = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Self.counterOffset, as: UInt64.self) }
        process = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: Int32.self) }
        stuck = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Self.stuckOffset, as: UInt32.self) }
        boot = String(decoding: bytes[32..<min(96, 32 + Int(bytes[31]))], as: UTF8.self)
        let (device, inode) = bytes.withUnsafeBytes {
            ($0.loadUnaligned(fromByteOffset: 96, as: UInt64.self), $0.loadUnaligned(fromByteOffset: 104, as: UInt64.self))
        }
        database = inode == 0 ? nil : DatabaseFile.Identity(device: device, inode: inode)
    }

    var bytes: [UInt8] {
        var content = [UInt8](repeating: 0, count: Self.size)
        content.replaceSubrange(0..<8, with: Self.magic)
        withUnsafeBytes(of: counter) { content.replaceSubrange(Self.counterOffset..<16, with: $0) }
        withUnsafeBytes(of: process) { content.replaceSubrange(16..<20, with: $0) }
        withUnsafeBytes(of: stuck) { content.replaceSubrange(Self.stuckOffset..<24, with: $0) }
        let id = Array(boot.utf8.prefix(64))
        content[31] = UInt8(id.count)
        content.replaceSubrange(32..<(32 + id.count), with: id)
        withUnsafeBytes(of: database?.device ?? 0) { content.replaceSubrange(96..<104, with: $0) }
        withUnsafeBytes(of: database?.inode ?? 0) { content.replaceSubrange(104..<112, with: $0) }
        return content
    }

    /// Writes what changes with a renewal.
    static func write(counter: UInt64, stuck: UInt32, to file: LockedFile) -> Bool {
        withUnsafeBytes(of: stuck) { file.write($0, at: stuckOffset) }
            && withUnsafeBytes(of: counter) { file.write($0, at: counterOffset) }
    }
}
