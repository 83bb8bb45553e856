import Logging
import Synchronization

extension TaskContext {
    /// Carries out what the body asks of the engine, and tries again while the engine's failure may pass: a full disk, another program's lock or a cut
    /// connection is not the body's failure.
    ///
    /// The wait ends with the attempt, which cancels the body's Swift task: at its hard timeout, at a drain, with the lease.
    /// - Parameters:
    ///   - what: what the body called, for the log.
    ///   - deadline: when the caller's own time is up; `nil` where it has none.
    ///   - repeatsUnknown: whether the call may be repeated when its outcome is unknown.
    /// - Throws: what `call` throws when that cannot pass, or did not within ``TaskServices/enginePatience``; `CancellationError`.
    func waitOut<Answer>(
        _ what: String, until deadline: ContinuousClock.Instant? = nil, repeatsUnknown: Bool = true, _ call: () async throws -> Answer
    ) async throws -> Answer {
        let patience = ContinuousClock.now + services.enginePatience
        let limit = deadline.map { min($0, patience) } ?? patience
        var pause = GrowingPause()
        var isTold = false
        while true {
            do { return try await call() } catch {
                guard let failure = PassingFailure(in: error) else { throw error }
                if ContinuousClock.now >= limit || (failure.isOutcomeUnknown && !repeatsUnknown) {
                    noteEngineFailure()
                    throw error
                }
                if !isTold { logger.warning("'\(what)' waits for the engine: \(failure.message)") }
                isTold = true
            }
            try await Task.sleep(for: pause.take())
        }
    }

    /// Whether this body's worker is on that engine.
    func isOn(_ engine: any Engine) -> Bool { services.engineLocation == engine.location }

    /// A call of this body failed for a reason that is the engine's. If the body lets that error pass, the attempt is handed back.
    func noteEngineFailure() { engineFailed.store(true, ordering: .relaxed) }

    /// The engine's failure that ended the body with this error; `nil` when the error is the body's own, or another engine's.
    func engineFailure(in error: any Error) -> PassingFailure? {
        engineFailed.load(ordering: .relaxed) ? PassingFailure(in: error) : nil
    }
}

extension TaskServices {
    package var enginePatience: Duration { .seconds(60) }
    package var engineLocation: String? { nil }
}
