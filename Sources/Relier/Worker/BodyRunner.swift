import Foundation
import Logging
import Synchronization

/// Runs bodies and turns how they end into settlements.
final class BodyRunner: Sendable {
    private let registry: TaskRegistry
    let settings: WorkerSettings
    private let incarnation: Incarnation
    private let workerName: String
    private let services: any TaskServices
    private let holdings: Holdings
    let committer: Committer
    private let threads: BlockingThreads
    let deadlines: Deadlines
    let stuckBodies: StuckBodies
    let logger: Logger
    private let check: EnvelopeCheck
    /// How long a task keeps its slot before it goes back to its queue for want of an engine or a thread: the next run would meet the same.
    private static let handBackPause = Duration.seconds(1)
    /// When to log that there are no threads.
    private let threadShortage = Mutex(OutageNotice())
    private let toldOfSignatures = Mutex(false)

    init(
        registry: TaskRegistry, settings: WorkerSettings, incarnation: Incarnation, workerName: String, services: any TaskServices,
        holdings: Holdings, committer: Committer, threads: BlockingThreads, deadlines: Deadlines, stuckBodies: StuckBodies
    ) {
        self.registry = registry
        self.settings = settings
        self.incarnation = incarnation
        self.workerName = workerName
        self.services = services
        self.holdings = holdings
        self.committer = committer
        self.threads = threads
        self.deadlines = deadlines
        self.stuckBodies = stuckBodies
        logger = settings.logger
        check = EnvelopeCheck(keys: settings.client.signing, maxPayloadBytes: settings.client.maxPayloadBytes)
    }

    /// Starts the attempt's body in a Swift task of its own.
    ///
    /// Not in a task group: a body may be cancelled alone, and one that ignores its cancellation must not hold up the worker's end.
    func start(_ attempt: Attempt) {
        let envelope = attempt.task.envelope
        guard let entry = registry.entries[envelope.name], entry.options.version >= envelope.version else {
            // The engine hands out only what was registered.
            return settleWithoutBody(attempt, .handBack)
        }
        if let objection = check.objection(to: envelope) {
            return settleWithoutBody(
                attempt, .quarantine(reason: objection.reason, message: objection.message, keyHeld: false))
        }
        if envelope.signature != nil { noteSignature() }
        let context = TaskContext(
            task: attempt.task, worker: workerName, incarnation: incarnation, logger: logger, services: services,
            migration: entry.migration(from: envelope.version), onProgress: { [weak attempt] in attempt?.tell($0) })
        let body = Task { [self] in
            let outcome = await outcome(of: entry, attempt, context)
            attempt.checkpoint = context.checkpoint
            if let result = context.committedResult {
                finishCommitted(attempt, result: result, after: outcome)
            } else {
                finish(attempt, outcome)
            }
        }
        attempt.onCancel { body.cancel() }
        limitTime(of: entry, attempt, context)
    }

    /// Says once that signatures are there and nobody looks at them.
    private func noteSignature() {
        guard settings.client.signing == nil else { return }
        let isFirst = toldOfSignatures.withLock { told in
            defer { told = true }
            return !told
        }
        if isFirst { logger.warning("tasks are signed, but this worker has no key and verifies none; set RELIER_SECRET_KEY") }
    }

    /// Ends an attempt whose body is not to be run.
    func settleWithoutBody(_ attempt: Attempt, _ outcome: Settlement.Outcome) {
        holdings.bodyReturned(wasStuck: attempt.bodyReturned().wasStuck)
        committer.add(.settle(attempt, outcome))
    }

    private func outcome(of entry: RegisteredTask, _ attempt: Attempt, _ context: TaskContext) async -> Settlement.Outcome {
        do {
            let result = try await TaskContext.$running.withValue(context) {
                try await entry.perform(attempt.task.envelope, context, threads)
            }
            if result.count > settings.resultMaxBytes {
                return .quarantine(
                    reason: "ResultError",
                    message: CommitTerms.tooLarge(result.count, limit: settings.resultMaxBytes), keyHeld: false)
            }
            return .commit(result: result)
        } catch let shortage as NoThreadLeft {
            if threadShortage.withLock({ $0.failed(at: .now) }) {
                logger.error("a synchronous body goes back to its queue: \(shortage.cause)", metadata: ["task": "\(attempt.id)"])
            }
            // Its slot is kept meanwhile, so that the task is not claimed again at once. The attempt's end cancels this.
            try? await Task.sleep(for: Self.handBackPause)
            return .handBack
        } catch let snooze as Snooze {
            return .snooze(key: snooze.key)
        } catch let error as PayloadUndecodable {
            return .quarantine(reason: "PayloadIntegrityError", message: FailureText.line(error.cause), keyHeld: false)
        } catch let error as SchemaMigrationError {
            return .quarantine(reason: "SchemaMigrationError", message: error.message, keyHeld: false)
        } catch let error as ResultUnencodable {
            return .quarantine(reason: "ResultError", message: FailureText.line(error.cause), keyHeld: false)
        } catch let error as ResultError {
            return .quarantine(reason: "ResultError", message: FailureText.line(error), keyHeld: false)
        } catch {
            // After a drain asked the body to stop, an error says nothing about the task.
            if attempt.isDraining { return .handBack }
            if let failure = context.engineFailure(in: error) {
                context.logger.error("the body ended because the engine failed; its task is handed back uncounted: \(failure.message)")
                // Its slot is kept meanwhile: the next run would meet the same engine. The attempt's end cancels this.
                try? await Task.sleep(for: Self.handBackPause)
                return .handBack
            }
            return failure(error, reason: FailureText.reason(error), of: entry, attempt, keyHeld: false)
        }
    }

    func failure(
        _ error: any Error, reason: String, of entry: RegisteredTask, _ attempt: Attempt, keyHeld: Bool
    ) -> Settlement.Outcome {
        let message = FailureText.line(error)
        let policy = entry.options.retry
        if !(error is Discard) {
            let delay = policy.delay(afterAttempt: attempt.task.attempt, error: error, random: .random(in: 0..<1))
            if let after = error as? RetryAfter, attempt.task.attempt < policy.maxAttempts {
                return .retry(after: after.delay, reason: reason, message: message)
            }
            if let delay { return .retry(after: delay, reason: reason, message: message) }
        }
        return .quarantine(reason: reason, message: message, keyHeld: keyHeld)
    }

    /// The body has returned: settle it, or clean up behind an attempt that had ended before.
    private func finish(_ attempt: Attempt, _ outcome: Settlement.Outcome) {
        let (earlier, wasStuck) = attempt.bodyReturned()
        switch earlier {
        case nil:
            committer.add(.settle(attempt, outcome))
        case .timeout:
            logger.notice("a body that ignored its hard timeout has returned; its result is dropped", metadata: ["task": "\(attempt.id)"])
            committer.add(.bodyReturned(attempt))
        case .lost:
            logger.notice(
                "a body returned after its task was cancelled or went to another worker; its result is refused",
                metadata: ["task": "\(attempt.id)"])
            // If it was cancelled, its keys were kept for this body.
            committer.add(.bodyReturned(attempt))
        default:
            break
        }
        holdings.bodyReturned(wasStuck: wasStuck)
    }

    /// The body has returned after it had committed its task itself: nothing is left to settle, whatever it did since.
    private func finishCommitted(_ attempt: Attempt, result: Data, after outcome: Settlement.Outcome) {
        switch outcome {
        case .retry(_, let reason, let message), .quarantine(let reason, let message, _):
            logger.error(
                "the body failed after it had committed its task, which stays committed: \(reason): \(message)",
                metadata: ["task": "\(attempt.id)"])
        default: break
        }
        // Where a timeout or a drain came before, the engine has answered its settlement by what was committed.
        let wasStuck = attempt.bodyReturned().wasStuck
        committer.add(.settled(attempt, .commit(result: result)))
        holdings.bodyReturned(wasStuck: wasStuck)
    }
}

/// The body ran for longer than its hard timeout.
struct HardTimeout: Error, CustomStringConvertible {
    let limit: Duration
    var description: String { "the body had not ended after its hard timeout of \(limit.inSeconds) s" }
}

/// How an error is kept: its type's name, and one line of at most 2,000 characters.
enum FailureText {
    static func reason(_ error: any Error) -> String {
        error is HardTimeout ? "TimeoutError" : String(describing: type(of: error))
    }

    static func line(_ error: any Error) -> String {
        let text = String(describing: error).replacingOccurrences(of: "\n", with: " ")
        return text.count > 2000 ? String(text.prefix(2000)) + "…" : text
    }
}
