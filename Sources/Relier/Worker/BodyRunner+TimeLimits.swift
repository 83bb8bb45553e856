import Logging

extension BodyRunner {
    /// Sets the two timeouts of an attempt: at the soft one the hook starts beside the body, at the hard one the attempt has failed, whatever the body does.
    func limitTime(of entry: RegisteredTask, _ attempt: Attempt, _ context: TaskContext) {
        if entry.isBlocking { return }
        if let hook = entry.options.onSoftTimeout {
            attempt.onSoftTimeout { [self] in Task { await run(hook, context) } }
        }
        let soft = entry.options.softTimeout ?? (entry.options.hardTimeout == nil ? settings.softTimeout : nil)
        let hard = entry.options.hardTimeout ?? (entry.options.softTimeout == nil ? settings.hardTimeout : nil)
        if soft == nil && hard == nil { return }
        let start = ContinuousClock.now
        let tickets = [
            soft.flatMap { soft in
                entry.options.onSoftTimeout == nil ? nil : deadlines.at(start + soft) { attempt.startSoftHook() }
            },
            hard.map { hard in deadlines.at(start + hard) { [self] in timeOut(entry, attempt, after: hard) } },
        ].compactMap(\.self)
        attempt.onEnd { [deadlines] in for ticket in tickets { deadlines.cancel(ticket) } }
    }

    private func run(_ hook: @Sendable (TaskContext) async throws -> Void, _ context: TaskContext) async {
        do {
            try await TaskContext.$running.withValue(context) { try await hook(context) }
        } catch is CancellationError {
            // The attempt has ended under it.
        } catch {
            context.logger.error("the soft-timeout hook failed: \(FailureText.line(error))")
        }
    }

    private func timeOut(_ entry: RegisteredTask, _ attempt: Attempt, after hard: Duration) {
        // Keys stay held, the task's own and those taken by hand, until the body has returned.
        let outcome = failure(HardTimeout(limit: hard), reason: "TimeoutError", of: entry, attempt, keyHeld: true)
        guard attempt.end(.timeout, settle: { committer.add(.settle(attempt, outcome)) }) else { return }
        attempt.cancel()
        stuckBodies.watch(attempt)
    }
}
