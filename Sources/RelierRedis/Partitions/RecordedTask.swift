import Foundation
import Relier

/// A task as it is stored until it is pushed. Tasks of schedules have no parents.
struct RecordedTask: Codable, Sendable {
    private struct Signature: Codable {
        let keyID: String
        let code: Data
    }

    private struct Limit: Codable {
        let rule: LimitRule
        let key: String
    }

    private let high, low: UInt64
    private let name: String
    private let version: Int
    private let payload: Data
    private let enqueuedAt: Int64
    private let traceparent: String?
    private let checksum: Data
    private let signature: Signature?
    private let queue: String
    /// In microseconds from the push on.
    private let after: Int64?
    private let date: Date?
    private let key: String?
    private let keyTTL, resultTTL: Int64
    private let limits: [Limit]

    init(_ task: NewTask) {
        let envelope = task.envelope
        (high, low) = (envelope.id.high, envelope.id.low)
        (name, version, payload) = (envelope.name, envelope.version, envelope.payload)
        (enqueuedAt, traceparent, checksum) = (envelope.enqueuedAt.microseconds, envelope.traceparent, envelope.checksum)
        signature = envelope.signature.map { Signature(keyID: $0.keyID, code: $0.code) }
        queue = task.queue.name
        switch task.due {
        case .now: (after, date) = (nil, nil)
        case .after(let pause): (after, date) = (Microseconds.clamped(pause), nil)
        case .at(let time): (after, date) = (nil, time)
        }
        (key, keyTTL, resultTTL) = (task.key, Microseconds.clamped(task.keyTTL), Microseconds.clamped(task.resultTTL))
        limits = task.limits.map { Limit(rule: $0.rule, key: $0.key) }
    }

    var task: NewTask {
        NewTask(
            envelope: Envelope(
                stored: TaskID(high: high, low: low), name: name, version: version, payload: payload,
                enqueuedAt: EngineTime(microseconds: enqueuedAt), traceparent: traceparent, checksum: checksum,
                signature: signature.map { Envelope.Signature(keyID: $0.keyID, code: $0.code) }),
            queue: Queue(queue), due: date.map { .at($0) } ?? after.map { .after(.microseconds($0)) } ?? .now, key: key,
            keyTTL: .microseconds(keyTTL), resultTTL: .microseconds(resultTTL), limits: limits.map { LimitKey($0.rule, key: $0.key) })
    }
}
