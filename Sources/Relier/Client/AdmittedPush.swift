/// How far a push came: an outcome for each task that is in, and what kept out the others.
struct PushProgress: Sendable {
    var outcomes: [PushOutcome?]
    var failure: (any Error)?
}

extension Relier {
    /// The longest pause of a push that waits for a window: an operator may end the window early.
    private static let windowPause = Duration.seconds(10)
    /// The same for a backlog, which may shrink at any time.
    private static let backlogPause = Duration.seconds(1)

    /// Pushes under the client's policy; `nil` for `onSaturation` waits inside a body, which could do nothing else with what it has to push, and throws elsewhere.
    func admit(_ tasks: [NewTask], onSaturation: OnSaturation?) async -> PushProgress {
        var policy = settings.admission
        let isInsideBody = TaskContext.running != nil
        if isInsideBody {
            // Whatever client it uses: a body must not wait for a backlog that it is part of.
            policy?.maxBacklog = nil
            policy?.maxAge = nil
        }
        let behaviour = onSaturation ?? (isInsideBody ? .wait : .throw)
        let start = ContinuousClock.now
        var progress = PushProgress(outcomes: [], failure: nil)
        var places = Array(tasks.indices)
        var pending = tasks
        do {
            while true {
                let outcomes = try await send(pending, policy)
                var rejection: AdmissionRejection?
                var rest: [Int] = []
                if progress.outcomes.isEmpty { progress.outcomes = Array(repeating: nil, count: tasks.count) }
                for (place, outcome) in zip(places, outcomes) {
                    if case .rejected(let found) = outcome {
                        rejection = rejection ?? found
                        rest.append(place)
                    } else {
                        progress.outcomes[place] = outcome
                    }
                }
                guard let rejection, let policy else { return progress }
                try await pause(rejection, policy, behaviour, since: start)
                places = rest
                pending = rest.map { tasks[$0] }
            }
        } catch {
            progress.failure = error
            return progress
        }
    }

    private func send(_ tasks: [NewTask], _ policy: AdmissionPolicy?) async throws -> [PushOutcome] {
        do {
            return try await engine.push(tasks, admission: policy)
        } catch {
            if let context = TaskContext.running, context.isOn(engine) { context.noteEngineFailure() }
            if error.code == .outcomeUnknown { throw PushOutcomeUnknown(ids: tasks.map(\.envelope.id), cause: error) }
            throw error
        }
    }

    /// Suspends until it makes sense to ask again.
    /// - Throws: ``AdmissionRejectedError`` when the push is not to wait, or not any longer; `CancellationError`.
    private func pause(
        _ rejection: AdmissionRejection, _ policy: AdmissionPolicy, _ behaviour: OnSaturation, since start: ContinuousClock.Instant
    ) async throws {
        var pause = min(rejection.retryAfter, rejection.cause == .window ? Self.windowPause : Self.backlogPause)
        switch behaviour.kind {
        case .throwing:
            throw AdmissionRejectedError(rejection, policy: policy)
        case .wait(let limit?):
            let left = limit - start.duration(to: .now)
            if left <= .zero { throw AdmissionRejectedError(rejection, policy: policy) }
            pause = min(pause, left)
        case .wait(nil): break
        }
        try await Task.sleep(for: max(.milliseconds(1), pause))
    }

    /// Accepts all of these tasks or throws what kept one out.
    package func accept(_ tasks: [NewTask], onSaturation: OnSaturation? = nil) async throws -> [PushOutcome] {
        // Without a policy nothing is rejected, and nothing need be remembered for a second attempt.
        if settings.admission == nil { return try await send(tasks, nil) }
        let progress = await admit(tasks, onSaturation: onSaturation)
        if let failure = progress.failure { throw failure }
        return progress.outcomes.compactMap(\.self)
    }

    /// Accepts a batch; what came in before a failure is not forgotten.
    func accept<Work: RelierTask>(
        contentsOf tasks: [NewTask], of works: [Work], onSaturation: OnSaturation?
    ) async throws -> [TaskReceipt<Work.Output>] {
        if settings.admission == nil { return receipts(for: tasks, try await send(tasks, nil)) }
        let progress = await admit(tasks, onSaturation: onSaturation)
        var receipts: [TaskReceipt<Work.Output>] = []
        receipts.reserveCapacity(tasks.count)
        var remaining: [Work] = []
        for (place, task) in tasks.enumerated() {
            if let outcome = progress.outcomes.isEmpty ? nil : progress.outcomes[place] {
                receipts.append(receipt(for: task, outcome))
            } else {
                remaining.append(works[place])
            }
        }
        guard let failure = progress.failure else { return receipts }
        if receipts.isEmpty && !(failure is AdmissionRejectedError) { throw failure }
        throw PartialPushError(receipts: receipts, remaining: remaining, cause: failure)
    }
}
