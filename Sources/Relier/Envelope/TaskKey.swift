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
            guard case .object(let members) = try CanonicalJSON.decode(JSONValue.self, from: payload) else {
                throw RegistrationError("task '\(type.name)' has a key of named arguments, but its payload is no JSON object")
            }
            // A missing optional is encoded as an absent member: the same operation as an explicit null.
            let chosen = members.filter { names.contains($0.key) }
            return "\(type.name):\(hex(SHA256.hash(data: try CanonicalJSON.encode(chosen))))"
        }
    }

    /// The first 128 bits: enough that two operations never meet.
    private static func hex(_ digest: SHA256.Digest) -> String { Hex.text(digest.prefix(16)) }
}
