import NIOCore

extension LinkCore {
    func heard() { queue.heard(now: .now()) }

    func received(_ value: RESPValue) {
        if phase == .handshaking { return judge(value) }
        if case .push(let items) = value {
            if queue.head?.isSubscription == true, items.first.map(Self.confirmsSubscription) == true {
                answered(.array(items))
            } else {
                settings.hooks.onPush(items)
            }
        } else {
            answered(value)
        }
    }

    private static func confirmsSubscription(_ kind: RESPValue) -> Bool {
        // `message` and `pmessage` are the others.
        kind.buffer?.readableBytesView.suffix(9).elementsEqual("subscribe".utf8) == true
    }

    private func answered(_ value: RESPValue) {
        switch queue.answered() {
        case .unexpected:
            return lost(attempt, because: RESPError(.protocolViolation, "\(place) sent a reply that nobody asked for"))
        case .discarded: break
        case .to(let pending) where pending === barrier: release(value)
        case .to(let pending):
            if case .error(let error) = value {
                refused(pending, error)
            } else if settings.replication == nil {
                pending.settle(.success(value))
            } else {
                group.hold(pending, reply: value, deadline: pending.deadline)
            }
        }
        backoff.succeeded()
        if !queue.hasWritten { emptied() }
    }

    private func refused(_ pending: PendingCommand, _ error: RESPServerError) {
        pending.settle(.failure(.server(error, command: pending.command.name, at: place)))
        // A former master: the next connection asks Sentinel anew, or resolves the name anew, which a managed server has moved.
        if error.prefix == .readOnly, phase == .ready { phase = .retiring }
    }

    /// Every reply that was owed has come.
    private func emptied() {
        if phase == .retiring {
            lost(attempt, because: RESPError(.connectionLost, "\(place) is no master any more"))
        } else if settings.replication != nil {
            pump()
            rearm()
        }
        closeIfDone()
    }

    /// Hands over the replies that waited for the replicas.
    private func release(_ value: RESPValue) {
        barrier = nil
        guard let replication = settings.replication else { return }
        let confirmed = value.integer ?? 0
        let isEnough = confirmed >= replication.replicas
        for (pending, reply) in group.release() {
            if isEnough {
                pending.settle(.success(reply))
                continue
            }
            var why = "\(confirmed) of \(replication.replicas) replicas have it after \(replication.timeout.nanoseconds / 1_000_000) ms"
            if case .error(let error) = value { why = "WAIT was answered with '\(error)'" }
            pending.settle(
                .failure(
                    RESPError(
                        .outcomeUnknown, "\(pending.command.name) was carried out by \(place), but \(why); a failover may lose it")))
        }
    }
}
