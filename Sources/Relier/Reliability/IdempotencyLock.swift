import Foundation
import Logging
import Synchronization

/// Runs `operation` once per key: its value is stored, and later calls with the key, from any task, get that value for `ttl`.
///
/// While another live task holds the key, this task is set aside without holding a slot or counting an attempt, and starts again when the key settles.
/// The same task enters its own claim again, also after a crash. If `operation` throws, the key is free.
///
/// While the engine is away, locked, full or refuses writes, taking and settling the key wait, as ``TaskContext/push(_:discriminator:onSaturation:)`` does.
///
/// - Parameters:
///   - key: 1 to 512 bytes. A prefix such as `webhook:` keeps features apart.
///   - ttl: how long the value answers, counted from the end of `operation`; more than zero.
/// - Throws: what `operation` throws; ``OutsideOfBody``; `DecodingError` when the key's value is of another type; ``FencedOut``; `CancellationError` when
///   the attempt ended during a wait; ``EngineError`` when the engine's failure lasted for longer than a minute, or cannot pass. A body that lets that error
///   pass is handed back, and no attempt is counted; `operation` may have been carried out then and is repeated.
public func withIdempotencyLock<Value: Codable & Sendable>(
    key: String, ttl: Duration, _ operation: () async throws -> Value
) async throws -> Value {
    try await withIdempotencyLock(key: key, ttl: ttl) { (lock: IdempotencyLock) in
        if lock.alreadyExecuted {
            guard let stored = try lock.cachedResult(as: Value.self) else { throw NoStoredValue(key: key) }
            return stored
        }
        let value = try await operation()
        try lock.setResult(value)
        return value
    }
}

/// The same with the lock in the caller's hands, as ``IdempotencyLock`` describes. Leaving without a result stores "no value" and warns; leaving by an error frees the key.
public func withIdempotencyLock<Value>(
    key: String, ttl: Duration, _ operation: (IdempotencyLock) async throws -> Value
) async throws -> Value {
    guard let context = TaskContext.running else { throw OutsideOfBody(what: "withIdempotencyLock(key: \"\(key)\")") }
    if key.isEmpty || key.utf8.count > 512 {
        throw RegistrationError("an idempotency key has 1 to 512 bytes; this one has \(key.utf8.count)")
    }
    if ttl <= .zero { throw RegistrationError("the time to live of key '\(key)' must be more than zero") }
    try context.requireUncommitted("withIdempotencyLock")
    let lock: IdempotencyLock
    let answer = try await context.waitOut("withIdempotencyLock") {
        try await context.services.acquireKey(key, for: context.id, fence: context.fence)
    }
    switch answer {
    case .held(let owner):
        context.logger.debug("key '\(key)' is held by task \(owner); set aside until it settles")
        throw Snooze(key: key)
    case .completed(let value):
        return try await operation(IdempotencyLock(key: key, alreadyExecuted: true, cached: value))
    case .acquired:
        lock = IdempotencyLock(key: key, alreadyExecuted: false, cached: nil)
    }
    context.bodyCommit.withLock { $0.take(key: key) }
    defer { context.bodyCommit.withLock { $0.leave(key: key) } }
    let result: Value
    do {
        result = try await operation(lock)
    } catch {
        // Where this fails too, the claim ends with its task.
        try? await context.services.settleKey(key, for: context.id, fence: context.fence, value: nil)
        throw error
    }
    let stored = lock.result
    if stored == nil {
        context.logger.warning("the body left the lock of key '\(key)' without setResult; it is remembered as done, without a value")
    }
    try await context.waitOut("withIdempotencyLock") {
        try await context.services.settleKey(key, for: context.id, fence: context.fence, value: KeyValue(value: stored, ttl: ttl))
    }
    return result
}

/// A held idempotency key.
public final class IdempotencyLock: Sendable {
    public let key: String
    /// Whether the operation was carried out before, by this task or another. Then ``cachedResult(as:)`` has its value.
    public let alreadyExecuted: Bool
    private let cached: Data?
    private let new = Mutex<Data?>(nil)

    init(key: String, alreadyExecuted: Bool, cached: Data?) {
        self.key = key
        self.alreadyExecuted = alreadyExecuted
        self.cached = cached
    }

    var result: Data? { new.withLock { $0 } }

    /// The stored value; `nil` when the operation has not run, or left none.
    public func cachedResult<Value: Decodable>(as type: Value.Type) throws -> Value? {
        try cached.map { try CanonicalJSON.decode(type, from: $0) }
    }

    /// Sets the value that later holders of the key get. Stored when the closure returns.
    public func setResult(_ value: some Encodable) throws {
        let data = try CanonicalJSON.encode(value)
        new.withLock { $0 = data }
    }
}

/// The operation was carried out before, and left no value to replay.
public struct NoStoredValue: Error, Sendable, CustomStringConvertible {
    public let key: String
    public var description: String { "key '\(key)' is done, but no value was stored under it" }
}

/// Ends an attempt without counting it: the task waits for the key.
package struct Snooze: Error, CustomStringConvertible {
    package let key: String
    package var description: String { "waits for key '\(key)'; let this error pass through the body" }
}
