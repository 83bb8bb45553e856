import Crypto
import Foundation
import Relier

/// What stands for a key in the names of keys: long ones must not cost their length a second time.
enum KeyHash {
    /// 128 bits of SHA-256: two keys never meet.
    static func of(_ key: String) -> [UInt8] { Array(SHA256.hash(data: Array(key.utf8)).prefix(16)) }

    /// 64 bits (FNV-1a) of the key of a limit: two that meet would only share their slots.
    static func ofLimit(_ key: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash ^ hash >> 32
    }
}
