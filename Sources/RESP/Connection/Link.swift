import NIOCore

/// A connection that is made when it is needed and made anew when it is lost, and the commands on it. Any thread may call it.
final class Link: Sendable {
    let settings: LinkSettings
    let eventLoop: any EventLoop
    private let inbox = Inbox()
    private let core: NIOLoopBoundBox<LinkCore>

    init(_ settings: LinkSettings, on eventLoop: any EventLoop) {
        self.settings = settings
        self.eventLoop = eventLoop
        core = .makeBoxSendingValue(LinkCore(settings, inbox: inbox, eventLoop: eventLoop), eventLoop: eventLoop)
        if settings.keepsConnected { eventLoop.execute { [core] in core.value.start() } }
    }

    deinit { shut() }

    /// Closes at once, without waiting for anything. One that was closed leaves its event loop alone: that may have ended since.
    func shut() {
        guard inbox.close() else { return }
        eventLoop.execute { [core] in core.value.abandon() }
    }

    /// - Parameters:
    ///   - timeout: `nil` is the link's own.
    ///   - isShielded: whether it goes on when its caller is cancelled.
    func send(_ command: RESPCommand, timeout: Duration?, isShielded: Bool = false) async throws(RESPError) -> RESPValue {
        let now = NIODeadline.now()
        let pending = PendingCommand(
            command, sendBy: now + settings.connectTimeout, deadline: now + (timeout.map { TimeAmount($0) } ?? settings.commandTimeout))
        if isShielded {
            let outcome = await withUnsafeContinuation { continuation in
                // Nobody else knows it so far, so nobody has ended it.
                _ = pending.wait(with: continuation)
                submit(pending)
            }
            return try outcome.get()
        }
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if pending.wait(with: continuation) {
                    submit(pending)
                } else {
                    continuation.resume(
                        returning: .failure(.neverSent(command.name, to: settings.name, because: CancellationError())))
                }
            }
        } onCancel: {
            pending.cancel(place: settings.name)
        }
        return try outcome.get()
    }

    /// For a command that brought its own completion.
    func submit(_ pending: PendingCommand) {
        switch inbox.submit(pending) {
        case .accepted: break
        case .acceptedFirst: eventLoop.execute { [core] in core.value.drain() }
        case .closed:
            pending.settle(.failure(.neverSent(pending.command.name, to: settings.name, because: LinkCore.closedError)))
        }
    }

    /// Ends the connection, so that the next one is made. Commands on it end with an unknown outcome.
    func reset(because error: RESPError) { eventLoop.execute { [core] in core.value.reset(because: error) } }

    /// The master is at this address now: a connection to any other is given up.
    func follow(_ address: RESPEndpoint.Address) { eventLoop.execute { [core] in core.value.follow(address) } }

    /// Takes no more commands, lets those that were accepted end as they may, and closes. Bounded by their own deadlines.
    func close() async {
        inbox.close()
        await withCheckedContinuation { continuation in
            eventLoop.execute { [core] in core.value.close { continuation.resume() } }
        }
    }
}
