public import Foundation

/// What is stored of a task: the bytes that its checksum and its signature cover, and both of them.
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
    /// Who vouches for these bytes; `nil` for a push without a key.
    public var signature: Signature?

    /// A message authentication code over the bytes that the checksum covers, and the key it was made with.
    public struct Signature: Sendable, Hashable {
        /// ``SigningKey/id``.
        public var keyID: String
        /// 32 bytes of HMAC-SHA256.
        public var code: Data

        public init(keyID: String, code: Data) {
            self.keyID = keyID
            self.code = code
        }
    }

    /// An envelope with its checksum computed, unsigned.
    public init(id: TaskID, name: String, version: Int, payload: Data, enqueuedAt: EngineTime, traceparent: String? = nil) {
        self.id = id
        self.name = name
        self.version = version
        self.payload = payload
        self.enqueuedAt = enqueuedAt
        self.traceparent = traceparent
        checksum = Self.checksum(id: id, name: name, version: version, payload: payload)
    }

    /// An envelope as it was found in an engine; the checksum may be wrong (``isIntact``), and so may the signature.
    public init(
        stored id: TaskID, name: String, version: Int, payload: Data, enqueuedAt: EngineTime, traceparent: String?, checksum: Data,
        signature: Signature? = nil
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.payload = payload
        self.enqueuedAt = enqueuedAt
        self.traceparent = traceparent
        self.checksum = checksum
        self.signature = signature
    }

    /// Whether the checksum is that of these bytes.
    public var isIntact: Bool {
        checksum == Self.checksum(id: id, name: name, version: version, payload: payload)
    }
}
