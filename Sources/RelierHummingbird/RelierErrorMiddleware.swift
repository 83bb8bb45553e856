import HTTPTypes
public import Hummingbird
import Logging
import Relier

/// Answers what a push throws in a handler as a client of the web server should hear it.
///
/// | thrown | answer |
/// |---|---|
/// | ``/Relier/AdmissionRejectedError``, also as the end of a batch | 429 with `Retry-After`: the time left in the window, in whole seconds, rounded up, at least 1 |
/// | ``/Relier/EngineError`` `unavailable`, `busy`, `full` or `readOnly` | 503 with `Retry-After` |
///
/// Everything else goes on as it was thrown. So does `PushOutcomeUnknown`, since the task may be in: a client that pushed again would push another one.
///
/// ```swift
/// let router = Router()
/// router.add(middleware: RelierErrorMiddleware())
/// ```
public struct RelierErrorMiddleware<Context: RequestContext>: RouterMiddleware {
    private let unavailableRetryAfter: Duration

    /// - Parameter unavailableRetryAfter: what the clients are told when the engine does not answer; more than zero.
    public init(unavailableRetryAfter: Duration = .seconds(5)) {
        self.unavailableRetryAfter = unavailableRetryAfter
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard let answer = Self.answer(to: error, unavailableRetryAfter: unavailableRetryAfter) else { throw error }
            if answer.status == .serviceUnavailable { context.logger.error("\(error)") }
            throw answer
        }
    }

    /// What a client hears of this error; `nil` when it is none of those above. The engine's place is not for strangers, so it is not told.
    static func answer(to error: any Error, unavailableRetryAfter: Duration) -> HTTPError? {
        if let rejected = AdmissionRejectedError(in: error) {
            return HTTPError(
                .tooManyRequests, headers: [.retryAfter: seconds(rejected.retryAfter)],
                message: "at capacity; come back in \(seconds(rejected.retryAfter)) s")
        }
        let cause = (error as? any PushInterruption)?.cause ?? error
        guard let cause = cause as? EngineError, [.unavailable, .busy, .full, .readOnly].contains(cause.code) else { return nil }
        return HTTPError(
            .serviceUnavailable, headers: [.retryAfter: seconds(unavailableRetryAfter)],
            message: "the task could not be accepted; come back in \(seconds(unavailableRetryAfter)) s")
    }

    /// The value of `Retry-After`: a client that comes back then must not be early.
    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return String(max(1, attoseconds > 0 ? seconds + 1 : seconds))
    }
}
