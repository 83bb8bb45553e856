import Crypto
import Foundation

/// The bytes that checksum and signature are made over: id, name, version and payload, each preceded by its length as eight bytes, big-endian, so that
/// no two different envelopes give the same bytes.
extension Envelope {
    /// The code that `key` gives for these bytes.
    package func signature(by key: SigningKey) -> Signature {
        Signature(keyID: key.id, code: code(by: key).withUnsafeBytes { Data($0) })
    }

    /// Whether the code is that of `key` for these bytes. How long it takes does not tell where they differ.
    func isSigned(by key: SigningKey, code: Data) -> Bool {
        // Constant-time: the library's comparison of a code with bytes.
        self.code(by: key) == code
    }

    private func code(by key: SigningKey) -> HMAC<SHA256>.MAC {
        var hmac = key.hmac
        // In one piece: each update costs more than the copy.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + name.utf8.count + 64)
        Self.eachField(id: id, name: name, version: version, payload: payload) { bytes.append(contentsOf: $0) }
        hmac.update(data: bytes)
        return hmac.finalize()
    }

    static func checksum(id: TaskID, name: String, version: Int, payload: Data) -> Data {
        var hash = SHA256()
        eachField(id: id, name: name, version: version, payload: payload) { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { Data($0.prefix(16)) }
    }

    private static func eachField(
        id: TaskID, name: String, version: Int, payload: Data, _ add: (UnsafeRawBufferPointer) -> Void
    ) {
        func field(_ bytes: UnsafeRawBufferPointer) {
            withUnsafeBytes(of: UInt64(bytes.count).bigEndian, add)
            add(bytes)
        }
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { field($0) }
        var name = name
        name.withUTF8 { field(UnsafeRawBufferPointer($0)) }
        withUnsafeBytes(of: Int64(version).bigEndian) { field($0) }
        payload.withUnsafeBytes { field($0) }
    }
}
