import Foundation
import NIOCore
import Relier

/// The head of a task's string, see `task.lua`.
struct TaskHead {
    static let size = 88

    var enqueued: EngineTime
    var state: Int
    var flags: Int
    var queue: Int
    var kind: Int
    var fence: Fence
    var holder: Int
    var started: EngineTime
    var failures: Int
    var resurrections: Int
    var due: Int64
    var waits: Int
    var keyTTL: Duration
    var resultTTL: Duration

    /// Reads the head off the front; `nil` when it is cut off.
    init?(_ buffer: inout ByteBuffer) {
        guard buffer.readableBytes >= Self.size,
            let enqueued = buffer.readInteger(as: Int64.self), let state = buffer.readInteger(as: UInt8.self),
            let flags = buffer.readInteger(as: UInt16.self), let queue = buffer.readInteger(as: UInt32.self),
            let kind = buffer.readInteger(as: UInt32.self), let number = buffer.readInteger(as: Int64.self),
            let token = buffer.readInteger(as: UInt64.self), let holder = buffer.readInteger(as: UInt32.self),
            buffer.readInteger(as: Int64.self) != nil, let started = buffer.readInteger(as: Int64.self),
            let failures = buffer.readInteger(as: UInt32.self), let resurrections = buffer.readInteger(as: UInt32.self),
            let due = buffer.readInteger(as: Int64.self), let waits = buffer.readInteger(as: UInt8.self),
            let keyTTL = buffer.readInteger(as: Int64.self), let resultTTL = buffer.readInteger(as: Int64.self)
        else { return nil }
        self.enqueued = EngineTime(microseconds: enqueued)
        self.state = Int(state)
        self.flags = Int(flags)
        self.queue = Int(queue)
        self.kind = Int(kind)
        fence = Fence(number: number, token: token)
        self.holder = Int(holder)
        self.started = EngineTime(microseconds: started)
        self.failures = Int(failures)
        self.resurrections = Int(resurrections)
        self.due = due
        self.waits = Int(waits)
        self.keyTTL = .microseconds(keyTTL)
        self.resultTTL = .microseconds(resultTTL)
    }
}

/// The bits of ``TaskHead/flags`` that are read here.
enum TaskFlag {
    static let limited = 32
    static let keyed = 64
    static let alone = 256
}

/// The part of a task's string that scripts pass over: length of the key 4, key · length of the trace context 2 (all ones for none), trace context ·
/// length of the checksum 2, checksum · length of the signing key's id 2 (all ones for none), [id · length of the code 2, code] · payload · salt 1.
///
/// The salt is a random byte of the id. Lua hashes only some bytes of a long string, the last one among them: without it the strings of many tasks whose
/// payloads differ little would have one hash, and a batch would cost the square of its size.
struct TaskTail {
    private static let none = Int(UInt16.max)

    var key: String
    var traceparent: String?
    var checksum: Data
    var signature: Envelope.Signature?
    var payload: Data

    static func write(_ task: NewTask, to writer: inout ByteWriter) {
        let key = task.key ?? ""
        writer.int32(key.utf8.count)
        writer.text(key)
        if let trace = task.envelope.traceparent, trace.utf8.count < none {
            writer.int16(trace.utf8.count)
            writer.text(trace)
        } else {
            writer.int16(none)
        }
        let checksum = task.envelope.checksum.prefix(none)
        writer.int16(checksum.count)
        writer.raw(Data(checksum))
        if let signature = task.envelope.signature, signature.keyID.utf8.count < none, signature.code.count <= none {
            writer.int16(signature.keyID.utf8.count)
            writer.text(signature.keyID)
            writer.int16(signature.code.count)
            writer.raw(signature.code)
        } else {
            writer.int16(none)
        }
        writer.raw(task.envelope.payload)
        writer.byte(Int(task.envelope.id.low & 0xff))
    }

    init?(_ buffer: inout ByteBuffer) {
        guard let keyLength = buffer.readInteger(as: UInt32.self), let key = buffer.readText(Int(keyLength)),
            let traceLength = buffer.readInteger(as: UInt16.self)
        else { return nil }
        if traceLength < UInt16.max {
            guard let trace = buffer.readText(Int(traceLength)) else { return nil }
            traceparent = trace
        }
        guard let checksumLength = buffer.readInteger(as: UInt16.self), let checksum = buffer.readData(Int(checksumLength)),
            let signerLength = buffer.readInteger(as: UInt16.self)
        else { return nil }
        if signerLength < UInt16.max {
            guard let keyID = buffer.readText(Int(signerLength)), let codeLength = buffer.readInteger(as: UInt16.self),
                let code = buffer.readData(Int(codeLength))
            else { return nil }
            signature = Envelope.Signature(keyID: keyID, code: code)
        }
        self.key = key
        self.checksum = checksum
        payload = buffer.readData(max(0, buffer.readableBytes - 1)) ?? Data()
    }

    /// Of what is no task's string at all: everything as the payload, so that nothing is lost to sight.
    init(foreign buffer: ByteBuffer) {
        key = ""
        checksum = Data()
        payload = buffer.data
    }
}

/// A whole task's string.
struct TaskString {
    var head: TaskHead
    var operation: String?
    var tail: TaskTail

    init?(_ whole: ByteBuffer) {
        var buffer = whole
        guard let head = TaskHead(&buffer) else { return nil }
        self.head = head
        if head.flags & TaskFlag.keyed != 0 {
            operation = buffer.readID(TaskID.self)?.description
            buffer.moveReaderIndex(forwardBy: min(16, buffer.readableBytes))
        }
        if head.flags & TaskFlag.limited != 0, buffer.readInteger(as: UInt64.self) != nil, let count = buffer.readInteger(as: UInt8.self) {
            buffer.moveReaderIndex(forwardBy: min(Int(count) * 13, buffer.readableBytes))
        }
        let rest = buffer
        tail = TaskTail(&buffer) ?? TaskTail(foreign: rest)
    }
}

/// What a kind's number stands for: its version 8, its name.
struct KindName: Hashable, Sendable {
    let name: String
    let version: Int

    static let missing = KindName(name: "?", version: 0)

    init(name: String, version: Int) {
        self.name = name
        self.version = version
    }

    init(_ value: RESPBytes?) {
        guard var buffer = value, let version = buffer.readInteger(as: Int64.self) else {
            self = .missing
            return
        }
        self.init(name: String(buffer: buffer), version: Int(version))
    }

    func write(to writer: inout ByteWriter) {
        writer.int64(Int64(max(0, version)))
        writer.text(name)
    }
}

typealias RESPBytes = ByteBuffer
