import Foundation
import NIOCore
import Relier

extension TaskState {
    /// The state of that number in a task's string.
    init(number: Int) {
        let states: [TaskState] = [
            .queued, .scheduled, .running, .parked, .waiting, .suspect, .committed, .cancelled, .waiting, .quarantined,
        ]
        // Of a record that foreign hands wrote; it ends in the dead letter queue.
        self = states.indices.contains(number) ? states[number] : TaskState(rawValue: "unknown")
    }
}

extension TaskProgress {
    /// Done 8 · 1 when there is a total · total 8.
    init?(_ buffer: ByteBuffer?) {
        guard var buffer, let done = buffer.readInteger(as: Int64.self), let hasTotal = buffer.readInteger(as: UInt8.self),
            let total = buffer.readInteger(as: Int64.self)
        else { return nil }
        self.init(done: done, total: hasTotal == 1 ? total : nil)
    }

    func write(to writer: inout ByteWriter) {
        writer.int64(done)
        writer.byte(total == nil ? 0 : 1)
        writer.int64(total ?? 0)
    }
}

/// What is kept of an ended task, see `ending.lua`.
struct EndedRecord {
    let state: TaskState
    let queue: Int
    let kind: Int
    let holder: Int
    let fence: Int64
    let enqueued: EngineTime
    let started: EngineTime
    let ended: EngineTime
    let resultUntil: Int64
    let failures: Int
    let resurrections: Int
    private let stored: Data

    init?(_ whole: ByteBuffer) {
        var buffer = whole
        guard let state = buffer.readInteger(as: UInt8.self), let marks = buffer.readInteger(as: UInt8.self),
            let queue = buffer.readInteger(as: UInt32.self), let kind = buffer.readInteger(as: UInt32.self),
            let fence = buffer.readInteger(as: Int64.self), buffer.readInteger(as: UInt64.self) != nil,
            let holder = buffer.readInteger(as: UInt32.self), let started = buffer.readInteger(as: Int64.self),
            let failures = buffer.readInteger(as: UInt32.self), let resurrections = buffer.readInteger(as: UInt32.self),
            let enqueued = buffer.readNumber(7), let ended = buffer.readNumber(7), let resultUntil = buffer.readNumber(7)
        else { return nil }
        if marks & 2 != 0 { buffer.moveReaderIndex(forwardBy: min(7, buffer.readableBytes)) }
        if marks & 8 != 0 { buffer.moveReaderIndex(forwardBy: min(16, buffer.readableBytes)) }
        self.state = TaskState(number: Int(state))
        self.queue = Int(queue)
        self.kind = Int(kind)
        self.holder = Int(holder)
        self.fence = fence
        self.enqueued = EngineTime(microseconds: enqueued)
        self.started = EngineTime(microseconds: started)
        self.ended = EngineTime(microseconds: ended)
        self.resultUntil = resultUntil
        self.failures = Int(failures)
        self.resurrections = Int(resurrections)
        stored = buffer.data
    }

    /// The result, while it has not expired.
    func result(at now: Int64) -> Data? { state == .committed && resultUntil > now ? stored : nil }
}

/// What is kept of a dead letter beside its string, see `ending.lua`.
struct DeadLetter {
    var quarantined = EngineTime(microseconds: 0)
    var attempts = 0
    var reason = "?"
    var message = ""

    init(_ whole: ByteBuffer) {
        var buffer = whole
        guard let at = buffer.readInteger(as: Int64.self), let attempts = buffer.readInteger(as: UInt32.self),
            let length = buffer.readInteger(as: UInt32.self), let reason = buffer.readText(Int(length))
        else { return }
        quarantined = EngineTime(microseconds: at)
        self.attempts = Int(attempts)
        self.reason = reason
        message = String(buffer: buffer)
    }
}
