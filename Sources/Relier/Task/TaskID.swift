import Crypto
import Foundation
import Synchronization

/// The identity of one task, a UUID.
///
/// New ones are UUIDv7 (RFC 9562, section 5.7) and rise within a process; children pushed from a body have UUIDv8 ids
/// derived from their parent (section 5.8), so that a parent which runs again pushes none of them twice.
public struct TaskID: Identifier128 {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh UUIDv7: the wall clock in milliseconds, a 12-bit counter within the millisecond, 62 random bits.
    ///
    /// Within a process each is greater than the one before, also when the wall clock steps back.
    public static func next() -> TaskID {
        let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        let stamp = lastStamp.withLock { last in
            // 48 bits of milliseconds above a 12-bit counter: one more than the last where the clock has not moved on.
            last = max(now << 12, last + 1)
            return last
        }
        let high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xfff)
        let low = UInt64.random(in: 0...UInt64.max) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return TaskID(high: high, low: low)
    }

    private static let lastStamp = Mutex<UInt64>(0)

    /// The id of a child: the same parent, name, canonical arguments and discriminator give the same id.
    static func child(of parent: TaskID, name: String, payload: Data, discriminator: String?) -> TaskID {
        var hash = SHA256()
        hash.update(data: parent.bytes)
        for part in [Data(name.utf8), payload, Data((discriminator ?? "").utf8)] {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: part)
        }
        return TaskID(time: parent.high >> 16, digest: hash.finalize())
    }

    /// A UUIDv8 (RFC 9562, section 5.8): 48 bits of time in front as in UUIDv7, since engines may keep ids of one time together, and 74 bits of a hash.
    init(time: UInt64, digest: SHA256.Digest) {
        let hashed = TaskID(bytes: Array(digest.prefix(16))) ?? .next()
        self.init(high: time << 16 | 0x8000 | hashed.high & 0xfff, low: hashed.low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}
