import NIOCore

extension LinkCore {
    /// What is due soon after each other is done together, since each time all commands are looked through.
    private static let stride = TimeAmount.milliseconds(5)

    /// One callback for all that is due, moved only when something is due earlier. One that comes too early finds out what is next;
    /// with nothing left there is none.
    func rearm() {
        let due = max(min(queue.earliest, group.earliest), firedAt + Self.stride)
        guard due < timerDue else { return }
        timer?.cancel()
        timerDue = due
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in self?.fire() }
    }

    private func fire() {
        timer = nil
        timerDue = .distantFuture
        let now = NIODeadline.now()
        firedAt = now
        let expired = queue.expire(now: now)
        for pending in expired.unsent {
            pending.settle(.failure(.neverSent(pending.command.name, to: place, because: lastFailure)))
        }
        for pending in expired.unanswered + group.expire(now: now) {
            pending.settle(.failure(.timedOut(pending.command.name, at: place)))
        }
        if expired.isSilent {
            let limit = settings.silenceTimeout.nanoseconds / 1_000_000
            lost(attempt, because: RESPError(.connectionLost, "\(place) owes replies and sent nothing for \(limit) ms"))
        }
        rearm()
        closeIfDone()
    }
}
