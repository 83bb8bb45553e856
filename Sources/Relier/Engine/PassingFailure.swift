import Foundation

extension EngineError {
    /// Whether the engine may be well again without a change of what was asked: it is away, locked, full, or takes no writes for now.
    package var mayPass: Bool {
        [Code.unavailable, .busy, .full, .readOnly, .outcomeUnknown].contains(code)
    }
}

/// A failure of the engine, or of the disk below it, that says nothing about the task and may be over in a moment.
struct PassingFailure {
    /// One line.
    let message: String
    let isOutcomeUnknown: Bool

    /// Looks for one in what a call threw, also behind the errors in which pushes wrap it; `nil` for everything else.
    init?(in error: any Error) {
        switch error {
        case let error as EngineError where error.mayPass:
            message = error.message
            isOutcomeUnknown = error.code == .outcomeUnknown
        case let error as PushOutcomeUnknown:
            message = error.cause.message
            isOutcomeUnknown = true
        case let error as any PushInterruption:
            guard let inner = PassingFailure(in: error.cause) else { return nil }
            self = inner
        case let error as POSIXFailure where Self.codes.contains(error.code):
            message = error.description
            isOutcomeUnknown = false
        default: return nil
        }
    }

    /// A directory of checkpoints that is full, over its quota, read-only or out of descriptors for now.
    private static let codes: Set<Int32> = [ENOSPC, EDQUOT, EROFS, EIO, ENOMEM, EMFILE, ENFILE]
}

/// Pauses between tries that grow from 20 ms, each cut by up to a half at random, so that many who failed together do not come back together.
struct GrowingPause {
    private let longest: Duration
    private var next = Duration.milliseconds(20)

    /// - Parameter longest: up to how long they grow.
    init(upTo longest: Duration = .seconds(1)) { self.longest = longest }

    mutating func take() -> Duration {
        defer { next = min(next * 2, longest) }
        return next * Double.random(in: 0.5...1)
    }
}
