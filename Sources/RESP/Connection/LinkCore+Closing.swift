import NIOCore

extension LinkCore {
    /// Lets what was accepted end as it may, then closes.
    func close(_ done: @escaping () -> Void) {
        if phase == .closed { return done() }
        whenClosed.append(done)
        isClosing = true
        drain()
        switch phase {
        case .ready, .retiring: closeIfDone()
        default: finishClosing(because: Self.closedError)
        }
    }

    func closeIfDone() {
        guard isClosing, !queue.hasWritten, !queue.hasWaiting, group.isEmpty else { return }
        finishClosing(because: Self.closedError)
    }

    func finishClosing(because error: RESPError) {
        guard phase != .closed else { return }
        phase = .closed
        attempt += 1
        attemptTimer?.cancel()
        timer?.cancel()
        failWaiting(because: error)
        let place = place
        for pending in queue.lost() + group.release().map(\.token) {
            pending.settle(.failure(.outcomeUnknown(pending.command.name, at: place, because: error)))
        }
        channel?.close(promise: nil)
        channel = nil
        settings.hooks.onClosed()
        for done in whenClosed { done() }
        whenClosed = []
    }

    /// Closes at once: its owner has gone.
    func abandon() {
        drain()
        finishClosing(because: Self.closedError)
    }
}
