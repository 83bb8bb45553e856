import Crypto
public import Foundation

/// The right to write for one attempt. A write that carries any other pair than the task's current one is refused.
public struct Fence: Sendable, Hashable, Codable {
    /// Rises by one at each claim of the task, from 1.
    public var number: Int64
    /// Random, fresh at each claim: the number alone could be handed out twice after a failover.
    public var token: UInt64

    public init(number: Int64, token: UInt64) {
        self.number = number
        self.token = token
    }
}

/// A name and version that a worker can run.
public struct TaskKind: Sendable, Hashable, Codable {
    public var name: String
    /// Runs payloads of this version and below.
    public var version: Int
    /// The argument names, for operators.
    public var parameters: [String]
    /// The limits that the worker's version of the task declares.
    public var limits: [LimitRule]

    public init(name: String, version: Int, parameters: [String] = [], limits: [LimitRule] = []) {
        self.name = name
        self.version = version
        self.parameters = parameters
        self.limits = limits
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        version = try container.decode(Int.self, forKey: .version)
        parameters = try container.decode([String].self, forKey: .parameters)
        limits = try container.decodeIfPresent([LimitRule].self, forKey: .limits) ?? []
    }
}

/// What a worker says of itself when it joins.
public struct WorkerInfo: Sendable, Codable {
    public var incarnation: Incarnation
    /// The process it lives in, an id chosen by whoever started it; several incarnations in turn may share it.
    public var process: TaskID
    /// A label for people.
    public var name: String
    public var host: String
    public var pid: Int32
    public var queues: [Queue]
    public var concurrency: Int
    public var kinds: [TaskKind]
    /// How long its lease counter may stand still before it counts as gone; more than zero.
    public var lease: Duration
    /// Runs one suspect and nothing else.
    public var isolated: Bool

    public init(
        incarnation: Incarnation, process: TaskID, name: String, host: String, pid: Int32, queues: [Queue],
        concurrency: Int, kinds: [TaskKind], lease: Duration, isolated: Bool = false
    ) {
        self.incarnation = incarnation
        self.process = process
        self.name = name
        self.host = host
        self.pid = pid
        self.queues = queues
        self.concurrency = concurrency
        self.kinds = kinds
        self.lease = lease
        self.isolated = isolated
    }
}

/// How many tasks to take from one queue before the others get the rest.
public struct QueueShare: Sendable, Hashable {
    public var queue: Queue
    /// Zero or more. What one queue does not use, the others may, in the order of the request.
    public var slots: Int

    public init(queue: Queue, slots: Int) {
        self.queue = queue
        self.slots = slots
    }
}

public struct ClaimRequest: Sendable {
    public var incarnation: Incarnation
    /// Rises with each request of the incarnation, from 1. Sending a number again is not allowed: a lost claim is queued again by the next renewal.
    public var number: Int64
    public var shares: [QueueShare]
    /// At most so many tasks in all; 1 or more.
    public var limit: Int
    /// Take a suspect, to run it alone, and nothing else. It may be of any queue that is not paused.
    public var suspects: Bool

    public init(incarnation: Incarnation, number: Int64, shares: [QueueShare], limit: Int, suspects: Bool = false) {
        self.incarnation = incarnation
        self.number = number
        self.shares = shares
        self.limit = limit
        self.suspects = suspects
    }
}

/// A task that is now this incarnation's to run.
public struct ClaimedTask: Sendable {
    public var envelope: Envelope
    public var queue: Queue
    public var fence: Fence
    /// Which attempt this is, from 1. Crashes of workers do not count.
    public var attempt: Int
    /// How often a worker was lost under it.
    public var resurrections: Int
    public var checkpoint: Checkpoint?
    /// Its idempotency key, if it has one.
    public var key: String?
    /// The operation's name towards outside services, for a task with a key.
    public var operation: String?
    /// Runs alone in its process.
    public var isSuspect: Bool
    public var keyTTL: Duration
    public var resultTTL: Duration

    public init(
        envelope: Envelope, queue: Queue, fence: Fence, attempt: Int, resurrections: Int, checkpoint: Checkpoint?,
        key: String?, operation: String?, isSuspect: Bool, keyTTL: Duration, resultTTL: Duration
    ) {
        self.envelope = envelope
        self.queue = queue
        self.fence = fence
        self.attempt = attempt
        self.resurrections = resurrections
        self.checkpoint = checkpoint
        self.key = key
        self.operation = operation
        self.isSuspect = isSuspect
        self.keyTTL = keyTTL
        self.resultTTL = resultTTL
    }
}

/// Progress that a body saved.
public enum Checkpoint: Sendable, Hashable {
    /// The bytes themselves.
    case inline(Data)
    /// A file of that name in the shared checkpoint directory, and how many bytes it holds uncompressed.
    case file(name: String, bytes: Int)

    /// 16 bytes that are equal for equal contents: what an engine compares to see whether an attempt has made progress.
    package var identity: Data {
        switch self {
        case .inline(let data): Self.identity(of: data)
        // The name ends with the identity of what the file holds (``CheckpointStore``).
        case .file(let name, _): Self.identity(of: Data((name.split(separator: "-").last ?? "").utf8))
        }
    }

    static func identity(of data: Data) -> Data { SHA256.hash(data: data).withUnsafeBytes { Data($0.prefix(16)) } }
}
