import Foundation

/// Why a stored task must not run. Pure.
struct EnvelopeCheck: Sendable {
    /// `nil`: tasks need no signature.
    let keys: SigningKeys?
    /// In bytes.
    let maxPayloadBytes: Int

    /// A reason and a message for the dead letter queue.
    struct Objection: Sendable, Equatable {
        let reason: String
        let message: String
    }

    /// What is wrong with the envelope; `nil` when it may run.
    func objection(to envelope: Envelope) -> Objection? {
        func isDamaged(_ message: String) -> Objection { Objection(reason: "PayloadIntegrityError", message: message) }
        if envelope.payload.count > maxPayloadBytes {
            return Objection(
                reason: "PayloadTooLarge",
                message:
                    "the arguments take \(envelope.payload.count) bytes, more than the \(maxPayloadBytes) that this worker allows (RELIER_MAX_PAYLOAD_BYTES)"
            )
        }
        if envelope.version < 1 { return isDamaged("its version is \(envelope.version); versions start at 1") }
        guard envelope.isIntact else { return isDamaged("the stored bytes do not match their checksum") }
        guard let keys else { return nil }
        guard let signature = envelope.signature else {
            return isDamaged("it is not signed, and this worker runs signed tasks only (RELIER_SECRET_KEY)")
        }
        guard let key = keys.key(signature.keyID) else {
            return isDamaged(
                "it is signed with the key '\(signature.keyID.prefix(64))', which this worker does not have (RELIER_SECRET_KEY, RELIER_SECRET_KEY_PREVIOUS)"
            )
        }
        guard envelope.isSigned(by: key, code: signature.code) else {
            return isDamaged("its signature is not that of the key '\(key.id)' for the stored bytes")
        }
        return nil
    }
}
