import Logging
import NIOCore

/// What a link does on its event loop, and nowhere else. Decisions are made by ``CommandQueue``, ``Handshake``, ``ReplicationGroup`` and
/// ``ReconnectBackoff``; here they meet the channel.
final class LinkCore {
    enum Phase {
        /// No connection, and nobody needs one.
        case idle
        case connecting
        case handshaking
        case ready
        /// Writes nothing more, and closes once the replies it owes have come.
        case retiring
        case backingOff
        case closed
    }

    static let closedError = RESPError(.connectFailed, "the client was closed")
    /// A flush is cut into writes of about this many bytes.
    private static let chunk = 256 << 10

    let settings: LinkSettings
    let inbox: Inbox
    let eventLoop: any EventLoop
    var phase = Phase.idle
    var channel: (any Channel)?
    var endpoint: RESPEndpoint?
    var handshake: Handshake?
    /// Counts connections, so that what a former one still reports is not taken for the current one's.
    var attempt = 0
    var attemptTimer: Scheduled<Void>?
    var backoff: ReconnectBackoff
    var random = SystemRandomNumberGenerator()
    var lastFailure: RESPError?
    var isOutage = false
    var queue: CommandQueue<PendingCommand>
    var group = ReplicationGroup<PendingCommand, RESPValue>()
    /// The `WAIT` of the flush under way.
    var barrier: PendingCommand?
    var whenClosed: [() -> Void] = []
    var isClosing = false
    private var spare: [PendingCommand] = []
    private var outbound = ByteBuffer()
    private var isPumping = false
    var timer: Scheduled<Void>?
    var timerDue = NIODeadline.distantFuture
    var firedAt = NIODeadline.uptimeNanoseconds(0)

    init(_ settings: LinkSettings, inbox: Inbox, eventLoop: any EventLoop) {
        self.settings = settings
        self.inbox = inbox
        self.eventLoop = eventLoop
        backoff = settings.backoff
        queue = CommandQueue(silenceLimit: settings.silenceTimeout)
    }

    var place: String { endpoint?.description ?? settings.name }

    func isCurrent(_ attempt: Int) -> Bool { attempt == self.attempt && phase != .closed }

    func start() { if phase == .idle { connect() } }

    /// Fetches what other threads submitted.
    func drain() {
        inbox.exchange(&spare)
        for pending in spare { queue.enqueue(pending, sendBy: pending.sendBy) }
        spare.removeAll(keepingCapacity: spare.count < 4096)
        if phase == .closed { return failWaiting(because: Self.closedError) }
        if phase == .idle, queue.hasWaiting { connect() }
        pump()
        rearm()
    }

    /// Writes what waits, all of it in one flush, or as much of it as the connection takes.
    func pump() {
        // A flush may report that there is room again before it returns.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while phase == .ready, let channel, queue.hasWaiting, channel.isWritable {
            // The next group is gathered while the replicas confirm the one before.
            if settings.replication != nil, queue.hasWritten { return }
            let now = NIODeadline.now()
            while queue.hasWaiting, channel.isWritable {
                outbound.clear()
                while outbound.readableBytes < Self.chunk, let pending = queue.nextToWrite() { write(pending, now: now) }
                if outbound.readableBytes > 0 { channel.write(outbound, promise: nil) }
            }
            if let replication = settings.replication, queue.hasWritten { writeBarrier(replication, to: channel, now: now) }
            channel.flush()
        }
        if outbound.capacity > 4 * Self.chunk { outbound = ByteBuffer() }
    }

    /// Commands that go before all that waits.
    func writeFirst(_ commands: [PendingCommand]) {
        guard let channel, !commands.isEmpty else { return }
        outbound.clear()
        let now = NIODeadline.now()
        for pending in commands { write(pending, now: now) }
        channel.writeAndFlush(outbound, promise: nil)
    }

    private func write(_ pending: PendingCommand, now: NIODeadline) {
        // Not `sendBy`, which bounds the wait for a connection: now there is one. A process that was paused goes on where it was.
        if pending.deadline <= now {
            return pending.settle(.failure(.neverSent(pending.command.name, to: place, because: lastFailure)))
        }
        guard pending.markWritten() else { return }
        pending.command.encode(into: &outbound)
        queue.wrote(pending, deadline: pending.deadline, now: now)
    }

    private func writeBarrier(_ replication: LinkSettings.Replication, to channel: any Channel, now: NIODeadline) {
        var command = RESPCommand("WAIT", reserving: 48)
        command.append(replication.replicas)
        command.append(Int(max(1, replication.timeout.nanoseconds / 1_000_000)))
        let barrier = PendingCommand(command, sendBy: .distantFuture, deadline: .distantFuture) { _ in }
        self.barrier = barrier
        var buffer = channel.allocator.buffer(capacity: 64)
        command.encode(into: &buffer)
        channel.write(buffer, promise: nil)
        queue.wrote(barrier, deadline: .distantFuture, now: now)
    }

    func becameWritable(_ attempt: Int) {
        guard isCurrent(attempt) else { return }
        pump()
        rearm()
    }

    func failWaiting(because error: RESPError) {
        for pending in queue.abandonWaiting() {
            pending.settle(.failure(.neverSent(pending.command.name, to: place, because: error)))
        }
    }
}
