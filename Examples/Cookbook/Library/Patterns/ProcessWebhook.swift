import Foundation
import Relier

/// Pattern 2, a key you control: the same event is handled once, however its payload differs from one delivery to the next.
///
/// The prefix keeps the keys of one feature apart from those of another.
@RelierTask(name: "processWebhook")
func processWebhook(eventID: String, payload: JSONValue) async throws -> WebhookOutcome {
    try await withIdempotencyLock(key: "webhook:\(eventID)", ttl: .hours(24)) {
        try await handle(payload)
    }
}

/// The same with the lock in hand, for a body that has something of its own to do with a duplicate.
@RelierTask(name: "processWebhookByHand")
func processWebhookByHand(eventID: String, payload: JSONValue) async throws -> WebhookOutcome {
    try await withIdempotencyLock(key: "webhook-by-hand:\(eventID)", ttl: .hours(24)) { lock in
        if lock.alreadyExecuted, let outcome = try lock.cachedResult(as: WebhookOutcome.self) {
            return outcome
        }
        let outcome = try await handle(payload)
        try lock.setResult(outcome)
        return outcome
    }
}

/// What came of an event.
struct WebhookOutcome: Codable, Sendable, Hashable {
    var kind: String
    /// Made anew each time an event is handled: two outcomes with one `handling` are one handling.
    var handling: UUID
}

/// - Throws: ``WebhookError`` for a payload without a `kind`.
func handle(_ payload: JSONValue) async throws -> WebhookOutcome {
    guard case .string(let kind) = payload["kind"] else { throw WebhookError() }
    return WebhookOutcome(kind: kind, handling: UUID())
}

/// A payload that is no event.
struct WebhookError: Error, CustomStringConvertible {
    var description: String { "the payload has no \"kind\"" }
}
