import Crypto
public import Foundation

/// What is stored of a task: the bytes that its checksum covers, and the checksum.
public struct Envelope: Sendable, Hashable {
    public var id: TaskID
    public var name: String
    /// The version of the payload's shape, from 1.
    public var version: Int
    /// The arguments as canonical JSON, exactly as stored.
    public var payload: Data
    /// On the pushing engine's clock.
    public var enqueuedAt: EngineTime
    /// W3C trace context, if the push was traced.
    public var traceparent: String?
    /// The first 16 bytes of SHA-256 over id, name, version and payload, each preceded by its length.
    public var checksum: Data

    /// An envelope with its checksum computed.
    public init(id: TaskID, name: String, version: Int, payload: Data, enqueuedAt: EngineTime, traceparent: String? = nil) {
        self.id = id
        self.name = name
        self.version = version
        self.payload = payload
        self.enqueuedAt = enqueuedAt
        self.traceparent = traceparent
        self.checksum = Self.checksum(id: id, name: name, version: version, payload: payload)
    }

    /// An envelope as it was found in an engine; the checksum may be wrong (``isIntact``).
    public init(
        stored id: TaskID, name: String, version: Int, payload: Data, enqueuedAt: EngineTime, traceparent: String?, checksum: Data
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.payload = payload
        self.enqueuedAt = enqueuedAt
        self.traceparent = traceparent
        self.checksum = checksum
    }

    /// Whether the checksum is that of these bytes.
    public var isIntact: Bool {
        checksum == Self.checksum(id: id, name: name, version: version, payload: payload)
    }

    private static func checksum(id: TaskID, name: String, version: Int, payload: Data) -> Data {
        var hash = SHA256()
        func field(_ bytes: UnsafeRawBufferPointer) {
            withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(bufferPointer: bytes)
        }
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { field($0) }
        var name = name
        name.withUTF8 { field(UnsafeRawBufferPointer($0)) }
        withUnsafeBytes(of: Int64(version).bigEndian) { field($0) }
        payload.withUnsafeBytes { field($0) }
        return hash.finalize().withUnsafeBytes { Data($0.prefix(16)) }
    }
}
