import Crypto
import Foundation

/// The idempotency key of a task: its name, and a hash of what the options count.
enum TaskKey {
    /// - Parameter idempotency: the options of the type, where they are at hand.
    /// - Returns: `nil` for a task without a key.
    /// - Throws: ``RegistrationError`` when a named argument is not in the payload.
    static func make<Task: RelierTask>(for type: Task.Type, _ idempotency: Idempotency? = nil, payload: Data) throws -> String? {
        switch (idempotency ?? type.options.idempotent).kind {
        case .off:
            return nil
        case .all:
            return "\(type.name):\(hex(SHA256.hash(data: payload)))"
        case .arguments(let names):
            guard let members = CanonicalMembers(payload) else {
                throw RegistrationError("task '\(type.name)' has a key of named arguments, but its payload is no JSON object")
            }
            // A missing optional is an absent member in every payload that the type itself has encoded.
            return "\(type.name):\(hex(SHA256.hash(data: members.object(of: names))))"
        }
    }

    /// The first 128 bits: enough that two operations never meet.
    private static func hex(_ digest: SHA256.Digest) -> String { Hex.text(digest.prefix(16)) }
}
